"""Runs against the best of them, face by face: how much of a difference is chance."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facealign.metrics import mean_interval
from facealign.report.comparison.run import ReportRun

Estimated = tuple[float, float, float]
"""A value and the two ends of its 95 % interval."""


@dataclass(frozen=True)
class Difference:
    """A run minus the best one, on the faces that both have.

    Attributes:
        run: Its name.
        faces: How many both have.
        nme: Of the mean errors, a fraction; above 0: worse.
        failure_rate: Likewise; above 0: more faces fail.
        auc: Likewise; below 0: worse.
        worse: Share of the faces with the larger error.
    """

    run: str
    faces: int
    nme: Estimated
    failure_rate: Estimated
    auc: Estimated
    worse: float

    @property
    def is_significant(self) -> bool:
        """Whether the interval of the NME's difference leaves 0 out."""
        return self.nme[1] > 0 or self.nme[2] < 0


def best_of(runs: Sequence[ReportRun]) -> ReportRun:
    """The run with the lowest mean error."""
    return min(runs, key=lambda run: float(run.errors.mean()))


def differences(runs: Sequence[ReportRun], threshold: float) -> list[Difference]:
    """Compare each run with the best one; runs without a face in common are left out.

    Args:
        threshold: Of failure rate and AUC.
    """
    best = best_of(runs)
    found = (_difference(run, best, threshold) for run in runs if run is not best)
    return [one for one in found if one is not None]


def _difference(run: ReportRun, best: ReportRun, threshold: float) -> Difference | None:
    others = set(best.faces.found.ids)
    ids = [name for name in run.faces.found.ids if name in others]
    if not ids:
        return None
    own_F, best_F = run.errors[run.rows_of(ids)], best.errors[best.rows_of(ids)]
    photos = [run.photos[row] for row in run.rows_of(ids).tolist()]
    values_F3 = np.stack(
        [
            own_F - best_F,
            (own_F > threshold).astype(np.float64) - (best_F > threshold),
            (np.minimum(best_F, threshold) - np.minimum(own_F, threshold)) / threshold,
        ],
        axis=1,
    )
    nme, failure_rate, auc = _estimated(values_F3, photos)
    return Difference(run.name, len(ids), nme, failure_rate, auc, float((own_F > best_F).mean()))


def _estimated(values_FK: NDArray[np.float64], photos: Sequence[str]) -> list[Estimated]:
    low_K, high_K = mean_interval(values_FK, photos)
    return list(zip(values_FK.mean(axis=0).tolist(), low_K.tolist(), high_K.tolist(), strict=True))
