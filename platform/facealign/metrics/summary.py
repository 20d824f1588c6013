"""Summary of the errors of many faces."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facealign.metrics.curve import auc, failure_rate

THRESHOLDS = (0.10, 0.08)
"""Thresholds at which FR and AUC are published: 0.10 for WFLW and COFW, 0.08 for 300W."""


@dataclass(frozen=True)
class Summary:
    """The metrics of a set of faces, all of them fractions.

    Attributes:
        faces: How many.
        nme: Mean NME.
        median: Median NME.
        failure_rate: Share of faces above each threshold.
        auc: Area under the CED up to each threshold.
    """

    faces: int
    nme: float
    median: float
    failure_rate: dict[float, float]
    auc: dict[float, float]

    def metrics(self) -> dict[str, float]:
        """The metrics by flat name: ``nme``, ``nme_median``, ``fr_10``, ``auc_10``, …, ``faces``.

        The number in a name is the threshold in percent. There is no ``@`` in it because MLflow refuses one.
        """
        return {
            "nme": self.nme,
            "nme_median": self.median,
            **{f"fr_{100 * threshold:g}": value for threshold, value in self.failure_rate.items()},
            **{f"auc_{100 * threshold:g}": value for threshold, value in self.auc.items()},
            "faces": float(self.faces),
        }


def summarize(nme_F: NDArray[np.float64], thresholds: Sequence[float] = THRESHOLDS) -> Summary:
    """Summarize the errors of F faces.

    Raises:
        UserError: There is no face, an NME is not finite, or a threshold is not positive.
    """
    return Summary(
        failure_rate={threshold: failure_rate(nme_F, threshold) for threshold in thresholds},
        auc={threshold: auc(nme_F, threshold) for threshold in thresholds},
        faces=len(nme_F),
        nme=float(np.mean(nme_F)),
        median=float(np.median(nme_F)),
    )


def groups_of(labels: Sequence[str]) -> dict[str, NDArray[np.bool_]]:
    """One (F,) mask for each label, in the order of first appearance: the subsets of a partition."""
    column = np.asarray(labels)
    return {label: column == label for label in dict.fromkeys(labels)}
