"""The cumulative error distribution (CED) and the two metrics that follow from it.

``CED(t)`` is the fraction of faces with NME ≤ t. ``FR_t = 1 − CED(t)``, and ``AUC_t = (1/t) ∫₀ᵗ CED(x) dx``. The
CED is a staircase, so the integral has a closed form, ``AUC_t = 1 − mean(min(NME, t)) / t``, and needs no
quadrature. It follows that ``AUC_t ≥ 1 − mean(NME) / t``, with equality if no face fails.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facealign.config import UserError


def ced(nme_F: NDArray[np.float64], thresholds: ArrayLike) -> NDArray[np.float64]:
    """The fraction of faces with an NME of at most each threshold; same shape as ``thresholds``.

    Raises:
        UserError: There is no face, or an NME is not finite.
    """
    _check(nme_F)
    at_most = np.searchsorted(np.sort(nme_F), np.asarray(thresholds, dtype=np.float64), side="right")
    return np.asarray(at_most / len(nme_F))


def failure_rate(nme_F: NDArray[np.float64], threshold: float) -> float:
    """The fraction of faces whose NME exceeds ``threshold`` (0.10 for FR at 10 %).

    Raises:
        UserError: There is no face, an NME is not finite, or the threshold is not positive.
    """
    _check(nme_F, threshold)
    return float(np.mean(nme_F > threshold))


def auc(nme_F: NDArray[np.float64], threshold: float) -> float:
    """The area under the CED from 0 to ``threshold``, as a fraction of the whole: 1 means no error.

    Raises:
        UserError: There is no face, an NME is not finite, or the threshold is not positive.
    """
    _check(nme_F, threshold)
    return float(np.mean(1 - np.minimum(nme_F, threshold) / threshold))


def _check(nme_F: NDArray[np.float64], threshold: float = 1.0) -> None:
    if nme_F.ndim != 1 or not len(nme_F):
        raise UserError(f"errors have shape {nme_F.shape}; one NME for each of at least one face is needed")
    unusable = np.count_nonzero(~(np.isfinite(nme_F) & (nme_F >= 0)))
    if unusable:
        raise UserError(f"{unusable} of {len(nme_F)} NMEs are negative or not finite; measure them with `nme`")
    if not threshold > 0:
        raise UserError(f"threshold {threshold} is not positive; give a fraction, such as 0.10 for 10 %")
