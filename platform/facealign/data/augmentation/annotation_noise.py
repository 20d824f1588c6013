"""Wrong annotations on purpose: how robust a loss is against them (AWing, Sec. 10.4.2, Table 11).

The paper's noisy data set is generated once: a landmark is as wrong in the last epoch as in the first. So the
noise is a function of (seed, sample) alone, and not of the epoch, the sample's position in it or the view. The
paper does not say whether exactly P % of each face's landmarks are moved; here each is moved with that
probability.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray

from facealign.geometry import LandmarkSchema

_ANNOTATION = 2
"""Stream of its own beside those of ``order``."""


def move_at_random(
    points_N2: NDArray[np.float32],
    valid_N: NDArray[np.bool_],
    schema: LandmarkSchema,
    *,
    share: float,
    distance: float,
    seed: int,
    sample_id: str,
) -> NDArray[np.float32]:
    """The landmarks of one face, some of them moved in a random direction.

    A face whose eye corners are not valid keeps its landmarks, for it has no inter-ocular distance.

    Args:
        points_N2: (N, 2), any frame of pixels.
        valid_N: (N,) bool.
        share: Probability that a landmark is moved; P of Table 11.
        distance: By how much, × inter-ocular; S of Table 11.
        seed: Another one makes other mistakes.
        sample_id: The face.

    Raises:
        UserError: The schema has no inter-ocular distance.
    """
    points = np.where(valid_N[:, None], points_N2, np.nan).astype(np.float64)
    inter_ocular = float(schema.reference_distance(points, "inter_ocular"))
    if not np.isfinite(inter_ocular):
        return points_N2
    key = int.from_bytes(hashlib.sha256(sample_id.encode()).digest()[:8], "little")
    stream = np.random.Philox(key=np.array([seed, key], dtype=np.uint64), counter=[0, 0, 0, _ANNOTATION])
    chance_N, turn_N = np.random.Generator(stream).random((2, schema.size))
    step_N2 = distance * inter_ocular * np.stack([np.cos(2 * np.pi * turn_N), np.sin(2 * np.pi * turn_N)], axis=1)
    is_moved_N = (chance_N < share) & valid_N
    return np.where(is_moved_N[:, None], points_N2 + step_N2, points_N2).astype(np.float32)
