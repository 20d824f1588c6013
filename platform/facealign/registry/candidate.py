"""A trained and measured model that may become a version, and which of several is best."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from facealign.config import UserError

MODEL_URI = "model_uri"
"""The tag by which a version says which logged model it is; MLflow's databases do not keep it otherwise."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A published model that may become a version.

    Attributes:
        model_uri: ``models:/m-…``, as ``log_model`` gave it.
        validation_nme: A fraction of the normaliser; lower is better.
        data_digest: Of the shards it was trained and measured on. Figures on other data do not compare.
        measured: What it found on the faces of the test fold: a file of ``MeasuredFaces``.
    """

    method: str
    run_id: str
    model_uri: str
    validation_nme: float
    data_digest: str
    config_hash: str
    git_commit: str
    measured: Path

    @property
    def model_id(self) -> str:
        """``m-…``."""
        return self.model_uri.removeprefix("models:/")

    def tags(self) -> dict[str, str]:
        """The labels of its version."""
        return {
            "method": self.method,
            MODEL_URI: self.model_uri,
            "validation_nme": repr(self.validation_nme),
            "data_digest": self.data_digest,
            "config_hash": self.config_hash,
            "git_commit": self.git_commit,
        }


def best_of(candidates: Sequence[Candidate]) -> Candidate:
    """The candidate with the lowest validation NME; the first of equals.

    Raises:
        UserError: There is none, one has no finite figure, or they were measured on different data.
    """
    if not candidates:
        raise UserError("there is no model to register; train at least one method first")
    for candidate in candidates:
        if not math.isfinite(candidate.validation_nme):
            raise UserError(
                f"{candidate.method} (run {candidate.run_id}) has a validation NME of {candidate.validation_nme}; "
                "leave it out, or train it again"
            )
    if len({candidate.data_digest for candidate in candidates}) > 1:
        listed = ", ".join(f"{c.method} on {c.data_digest[:12]}" for c in candidates)
        raise UserError(
            f"the models were measured on different data ({listed}); train them again on the present data"
        )
    return min(candidates, key=lambda candidate: candidate.validation_nme)
