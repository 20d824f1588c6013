"""Confidence of a mean over faces: bootstrap over photos.

NME, FR and AUC are all means of one value per face (the NME, whether it exceeds t, and 1 − min(NME, t)/t), so that
one bootstrap of means serves them all, and that of a difference between two models, measured on the same faces, is
the bootstrap of the differences. Whole photos are drawn: two faces of one photo are not two independent faces.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from facealign.config import UserError

REPEATS = 2000
"""Enough that the ends of a 95 % interval move by less than a twentieth of its width from seed to seed."""

_AT_ONCE = 2**22
"""Drawn numbers held at one time."""


def resampled_means(
    values: NDArray[np.float64], photos: Sequence[str] | None = None, repeats: int = REPEATS, seed: int = 0
) -> NDArray[np.float64]:
    """Means of faces resampled with replacement, photo by photo.

    Args:
        values: (F,) or (F, K), finite; K values of each face.
        photos: The F photos that the faces are of; None: each is of its own.
        repeats: How often as many photos are drawn as there are.
        seed: The same seed draws the same photos, so that metrics of the same faces may be resampled separately.

    Returns:
        (repeats,) or (repeats, K).

    Raises:
        UserError: There is no face, a value is not finite, or the photos are not as many as the faces.
    """
    if not len(values) or not np.isfinite(values).all():
        raise UserError(f"values {values.shape} to draw from: at least one face is needed, and all must be finite")
    if photos is not None and len(photos) != len(values):
        raise UserError(f"{len(photos)} photos for {len(values)} faces; one for each face is needed")
    photo_F = np.arange(len(values)) if photos is None else np.unique(np.asarray(photos), return_inverse=True)[1]
    size_P = np.bincount(photo_F).astype(np.float64)
    sum_PK = np.zeros((len(size_P), *values.shape[1:]))
    np.add.at(sum_PK, photo_F, values)
    rng = np.random.default_rng(seed)
    even = np.full(len(size_P), 1 / len(size_P))
    means = []
    for start in range(0, repeats, step := max(1, _AT_ONCE // len(size_P))):
        times_RP = rng.multinomial(len(size_P), even, size=min(step, repeats - start))
        resampled_R = (times_RP @ size_P).reshape(-1, *(1,) * (values.ndim - 1))
        means.append(times_RP @ sum_PK / resampled_R)
    return np.concatenate(means)


def mean_interval(
    values: NDArray[np.float64],
    photos: Sequence[str] | None = None,
    level: float = 0.95,
    repeats: int = REPEATS,
    seed: int = 0,
) -> NDArray[np.float64]:
    """The percentile interval of the mean: (2,) or (2, K), its lower and its upper end.

    Arguments and errors are those of ``resampled_means``.

    Args:
        level: The fraction of the resampled means between the two ends.
    """
    tail = (1 - level) / 2
    return np.quantile(resampled_means(values, photos, repeats, seed), (tail, 1 - tail), axis=0)
