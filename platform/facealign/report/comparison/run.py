"""A run as the report needs it; the caller fills it from the run's files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facealign.evaluation.aligned_errors import AlignedErrors
from facealign.evaluation.face_predictions import FacePredictions
from facealign.evaluation.robustness import Robustness
from facealign.geometry import LandmarkSchema

Metrics = Mapping[str, Any]
"""What ``evaluation.json`` has of a fold under ``figures``: each a list of its value and the two ends of its 95 %
interval, fractions; ``full``, ``subsets``, ``attributes`` by name, ``edges`` by edge, ``landmarks`` in order."""


@dataclass(frozen=True, kw_only=True)
class RunCost:
    """The cost of a model.

    Attributes:
        parameters: Numbers in the network.
        macs: Multiply-accumulates for one face.
        milliseconds: Of one face in a batch of one, measured; None: not measured.
        machine: Where that was measured.
        hours: Of the training, all epochs; None: not known.
    """

    parameters: int
    macs: int
    milliseconds: float | None = None
    machine: str = ""
    hours: float | None = None


@dataclass(frozen=True, kw_only=True)
class ReportRun:
    """A model, or external predictions, on test faces.

    Attributes:
        name: In tables and legends.
        faces: What was found.
        metrics: Of these faces.
        errors: (F,) NME by the report's normalizer.
        upright: The errors turned with their faces, by the same.
        mean_shape: NME of the training faces' mean landmarks on the same faces; None: not known.
        history: By epoch, as ``learning_curve`` takes it; empty: there was no training here.
        cost: None: there is no model here.
        robustness: None: not measured.
        lineage: What made it.
        notes: What is missing, and why.
    """

    name: str
    faces: FacePredictions
    metrics: Metrics
    errors: NDArray[np.float64]
    upright: AlignedErrors
    mean_shape: float | None = None
    history: tuple[Mapping[str, Any], ...] = ()
    cost: RunCost | None = None
    robustness: Robustness | None = None
    lineage: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def schema(self) -> LandmarkSchema:
        """The landmark schema of the run's faces."""
        return self.faces.schema

    @property
    def photos(self) -> list[str]:
        """The photo of each face."""
        return [labels.photo for labels in self.faces.labels]

    def rows_of(self, ids: list[str]) -> NDArray[np.intp]:
        """The rows of some faces, in the order of ``ids``."""
        rows = {name: row for row, name in enumerate(self.faces.found.ids)}
        return np.array([rows[name] for name in ids], dtype=np.intp)
