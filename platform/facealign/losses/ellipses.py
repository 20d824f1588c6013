"""The ellipse of a landmark's errors, which ADNet makes each landmark's λ of (Table 14, e and h; Fig. 1)."""

import numpy as np
from numpy.typing import NDArray


def error_ellipses(errors_FN2: NDArray[np.float64], valid_FN: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The standard deviations of errors along the two axes of each landmark's distribution.

    To be measured on the predictions of a baseline, in crops where faces stand upright; written under ``ellipses``
    in a YAML file, they are what the strategy ``per_landmark`` reads.

    Args:
        errors_FN2: (F, N, 2) predicted − true landmarks of F faces, in units of the face, for example inter-ocular
            distances; finite where valid.
        valid_FN: (F, N) bool; errors that count, at least two of each landmark.

    Returns:
        (N, 2) the long radius a and the short one b.

    Raises:
        ValueError: A landmark has fewer than two valid errors.
    """
    counts_N = valid_FN.sum(axis=0)
    if counts_N.min() < 2:
        raise ValueError(f"landmarks {np.flatnonzero(counts_N < 2).tolist()} have fewer than two valid errors")
    errors = np.where(valid_FN[..., None], errors_FN2, 0.0)
    means_N2 = errors.sum(axis=0) / counts_N[:, None]
    centred = np.where(valid_FN[..., None], errors - means_N2, 0.0)
    covariance_N22 = np.einsum("fni,fnj->nij", centred, centred) / (counts_N - 1)[:, None, None]
    ascending: NDArray[np.float64] = np.linalg.eigvalsh(covariance_N22).clip(min=0)
    return np.sqrt(ascending[:, ::-1])
