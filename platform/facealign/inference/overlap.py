"""Matches boxes of one face by intersection over union."""

import numpy as np
from numpy.typing import NDArray


def overlaps(one_A4: NDArray[np.float64], other_B4: NDArray[np.float64]) -> NDArray[np.float64]:
    """(A, B) intersection over union of boxes (x0, y0, x1, y1)."""
    low = np.maximum(one_A4[:, None, :2], other_B4[None, :, :2])
    high = np.minimum(one_A4[:, None, 2:], other_B4[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    area_A, area_B = ((boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (one_A4, other_B4))
    return np.asarray(shared / np.maximum(area_A[:, None] + area_B - shared, 1e-12))


def matched(one_A4: NDArray[np.float64], other_B4: NDArray[np.float64], least: float) -> list[tuple[int, int]]:
    """Pairs (a, b) with an IoU of ``least`` or more, the highest first; a box is in one pair at most."""
    if not len(one_A4) or not len(other_B4):
        return []
    shares = overlaps(one_A4, other_B4)
    pairs: list[tuple[int, int]] = []
    while shares.max() >= least:
        a, b = (int(i) for i in np.unravel_index(shares.argmax(), shares.shape))
        pairs.append((a, b))
        shares[a], shares[:, b] = -1.0, -1.0
    return pairs
