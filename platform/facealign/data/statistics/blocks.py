"""Regroups rows into blocks of a fixed size."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facealign.config import UserError

Chunk = tuple[NDArray[np.floating[Any]], NDArray[np.bool_]]
"""Landmarks (R, N, 2), pixels of the plain view, and whether each is known, (R, N)."""

Chunks = Callable[[], Iterable[Chunk]]
"""The training faces from the first to the last, once more at every call."""

BLOCK = 512
"""Rows: few enough that sums over a block are exact (see ``PairSums``), enough that NumPy is busy."""

FARTHEST = 2048.0
"""Pixels from the crop's origin within which a landmark can lie; twice the largest crop."""


def blocks(chunks: Iterable[Chunk], landmarks: int) -> Iterator[Chunk]:
    """The rows of ``chunks`` in their order, ``BLOCK`` at a time; the last block may be shorter.

    Where one chunk ends and the next begins can leave no trace in what is computed from blocks.

    Raises:
        UserError: A known landmark lies outside the range of a crop.
    """
    held: list[Chunk] = []
    rows = first = 0
    for points_RN2, valid_RN in chunks:
        if points_RN2.shape != (*valid_RN.shape, 2) or valid_RN.shape[1:] != (landmarks,):
            raise ValueError(f"{points_RN2.shape}, {valid_RN.shape}: not (R, {landmarks}, 2), (R, {landmarks})")
        start = 0
        while start < len(valid_RN):
            piece = slice(start, start + BLOCK - rows)
            held.append((points_RN2[piece], valid_RN[piece]))
            start, rows = piece.stop, rows + len(held[-1][1])
            if rows == BLOCK:
                yield _joined(held, first)
                held, rows, first = [], 0, first + BLOCK
    if held:
        yield _joined(held, first)


def _joined(pieces: list[Chunk], first: int) -> Chunk:
    points_RN2, valid_RN = (np.concatenate(parts) for parts in zip(*pieces, strict=True))
    # NaN fails the comparison, too.
    inside_RN = (np.abs(points_RN2) <= FARTHEST).all(axis=2)
    wrong = np.argwhere(valid_RN & ~inside_RN)
    if wrong.size:
        row, landmark = (int(i) for i in wrong[0])
        x, y = points_RN2[row, landmark]
        raise UserError(
            f"training row {first + row}: landmark {landmark} at ({x:g}, {y:g}) px of the crop is farther than "
            f"{FARTHEST:g} px from it; correct its annotation, or mark it as unknown"
        )
    return np.where(valid_RN[..., None], points_RN2, np.float32(0)), valid_RN
