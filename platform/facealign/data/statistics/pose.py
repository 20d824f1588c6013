"""Pose bins: the range of the pose score, from the least to the greatest, cut into K of equal width.

SCC replicates the faces of rare bins [P]. Anisotropic draws equally many of each, and predicts displacements from
the mean of the bins' mean shapes [P]. Neither paper defines a bin without faces: here it stays where it is,
and means go over the others [I].
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facealign.data.statistics.axis import PoseAxis
from facealign.data.statistics.blocks import Chunks, blocks
from facealign.data.statistics.moments import PIXEL_STEP, MeanSums

BINS = 9
"""K of both papers."""


@dataclass(frozen=True, eq=False)
class PoseBins:
    """The training faces by pose, from heads turned to the left of the image to heads turned to its right.

    Attributes:
        bins: (R,) uint8, the bin of every training row, 0…K − 1.
        counts: (K,) int64, faces in each.
        edges: (K + 1,) scores between which the bins lie.
        means: (K, N, 2) mean shape of each bin, pixels of the plain view; NaN where no face of the bin knows the
            landmark, so throughout an empty bin.
        balanced_mean: (N, 2) mean over the bins that know the landmark, each counted once: x̄ of Anisotropic.
    """

    bins: NDArray[np.uint8]
    counts: NDArray[np.int64]
    edges: NDArray[np.float64]
    means: NDArray[np.float64]
    balanced_mean: NDArray[np.float64]


def cut_bins(scores_R: NDArray[np.float64], bins: int) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """(R,) bin of each score, and the (K + 1,) edges of K bins of equal width; equal scores are in the middle."""
    low, high = float(scores_R.min()), float(scores_R.max())
    edges = np.linspace(low, high, bins + 1)
    if low == high:
        return np.full(len(scores_R), bins // 2, dtype=np.uint8), edges
    return np.searchsorted(edges[1:-1], scores_R, side="right").astype(np.uint8), edges


def find_bins(chunks: Chunks, axis: PoseAxis, bins: int) -> PoseBins:
    """Every face's bin, and the bins' mean shapes."""
    n = len(axis.mean)
    scores_R = np.concatenate([axis.scores(points, valid) for points, valid in blocks(chunks(), n)])
    bins_R, edges = cut_bins(scores_R, bins)
    sums = [MeanSums(n, PIXEL_STEP) for _ in range(bins)]
    start = 0
    for points, valid in blocks(chunks(), n):
        block_R = bins_R[start : start + len(points)]
        for number in np.unique(block_R):
            sums[number].add(points[block_R == number], valid[block_R == number])
        start += len(points)
    means_KN2 = np.stack([of_bin.mean() for of_bin in sums])
    known_KN2 = np.isfinite(means_KN2)
    balanced_N2 = np.where(known_KN2, means_KN2, 0.0).sum(axis=0) / known_KN2.sum(axis=0)
    return PoseBins(bins_R, np.bincount(bins_R, minlength=bins), edges, means_KN2, balanced_N2)
