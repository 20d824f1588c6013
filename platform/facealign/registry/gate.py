"""Evaluates a version for promotion: its rival, the faces, and the decision."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facealign.data.shards.row import Labels
from facealign.evaluation.face_predictions import FacePredictions
from facealign.metrics import groups_of
from facealign.registry.champion import Measuring, NotComparable, champion_landmarks
from facealign.registry.config import GateLimits
from facealign.registry.decision import Decision, decide, sentence, table

# The sets of faces on which a candidate must not be worse.


def gate_groups(labels: Sequence[Labels]) -> dict[str, NDArray[np.bool_]]:
    """(F,) masks by name: the data set's subsets, and its attributes, which may overlap (WFLW's blur, pose …).

    What all faces are in is left out: it is what the gate looks at anyway.
    """
    groups = {f"subset {name}": mask for name, mask in groups_of([face.subset for face in labels]).items()}
    for attribute in sorted({name for face in labels for name in face.attributes}):
        groups[f"attribute {attribute}"] = np.array([attribute in face.attributes for face in labels])
    return {name: mask for name, mask in groups.items() if not mask.all()}


MEAN_SHAPE = "the mean shape"
"""The rival of a first champion: landmarks of no face in particular."""


@dataclass(frozen=True)
class GateOutcome:
    """The outcome of a version's evaluation for promotion.

    Attributes:
        rival: What it was compared with, in words: ``version 3``, or ``MEAN_SHAPE``.
        reason: In a sentence, with the metrics that decided.
        decision: All the metrics; None where nothing could be compared.
    """

    promoted: bool
    rival: str
    reason: str
    decision: Decision | None

    @property
    def table(self) -> str:
        """The comparisons as a Markdown table; empty where there are none."""
        return "" if self.decision is None else table(self.decision, self.rival)


def judge(
    client: Any,
    uri: str,
    champion: Any | None,
    candidate: FacePredictions,
    measuring: Measuring,
    limits: GateLimits,
) -> GateOutcome:
    """Compare what a candidate found with the champion, or with the mean shape where there is none yet.

    A champion that cannot be asked about these faces stays: nothing says that the candidate is better.

    Args:
        client: Of MLflow at ``uri``.
        champion: The current version, as MLflow has it.

    Raises:
        UserError: The champion's model is not to be had, or the faces are not those of ``measuring``.
    """
    if champion is None:
        rival, landmarks = MEAN_SHAPE, measuring.mean_shape(candidate)
    else:
        rival = f"version {champion.version}"
        try:
            landmarks = champion_landmarks(client, uri, champion, candidate, measuring)
        except NotComparable as error:
            reason = (
                f"{rival} stays champion, because it cannot be measured on the faces of data "
                f"{candidate.data_digest[:12]}: {error}. To promote this version without a comparison: "
                f"facealign rollback {champion.name} --to VERSION"
            )
            return GateOutcome(False, rival, reason, None)
    decision = decide(
        measuring.errors(candidate.found.predicted, candidate),
        measuring.errors(landmarks, candidate),
        [labels.photo for labels in candidate.labels],
        gate_groups(candidate.labels),
        measuring.failure_threshold,
        limits,
    )
    return GateOutcome(decision.promoted, rival, sentence(decision, rival), decision)
