"""Distances of a map's pixels to curves through landmarks."""

import math
from collections.abc import Iterator
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from facealign.geometry import Edge
from facealign.targets.curves import curve_matrices

PIECES_PER_PIXEL = 1 / 12
"""Straight pieces for each gap between neighboring landmarks ÷ side of the map: 6 at 64 px, where a face has gaps
of 2–8 px. With gentle curves a map of width 1 is within 0.02 of the exact one."""


class CurveDistances(nn.Module):
    """Squared distances to the nearest point of a curve, map pixels; all that lies beyond the reach is just far.

    A distance transform measures from drawn pixels; here each short segment of a curve measures its exact distance
    to the pixels around it, and the smallest distance stays, so lines are not rounded to pixels.

    The windows of all segments together are large, so they are measured a row at a time, and segments come last:
    then what is worked on stays in the cache, and the inner loops are long.

    Args:
        curves: Indices of landmarks in order, at least one curve.
        landmarks: N.
        map_size: S, side of the map, px.
        reach: Distances up to this one are needed, px. Those beyond are given as something between it and
            ``reach + 1``.
        channels: ``each`` for a channel per curve, ``merged`` for one channel with the nearest of all curves.
    """

    ends: Tensor
    curve: Tensor
    first_pixel: Tensor
    members: Tensor
    window: Tensor

    def __init__(
        self,
        curves: tuple[Edge, ...],
        landmarks: int,
        map_size: int,
        *,
        reach: int,
        channels: Literal["each", "merged"],
    ) -> None:
        super().__init__()
        self.map_size = map_size
        self.channels = len(curves) if channels == "each" else 1
        # Room for half a segment and for rounding its middle to a pixel.
        self.radius = reach + 1
        pieces = max(2, math.ceil(map_size * PIECES_PER_PIXEL))
        matrices = curve_matrices(curves, landmarks, pieces)
        curve = torch.from_numpy(matrices.curve)
        # Double: neither autocast nor TF32 touches it; in those, coordinates would be off by tenths of a pixel.
        ends = torch.from_numpy(np.concatenate([matrices.starts, matrices.ends]).T.copy())
        self.register_buffer("ends", ends, persistent=False)
        self.register_buffer("curve", curve, persistent=False)
        self.register_buffer("first_pixel", curve % self.channels * map_size**2, persistent=False)
        self.register_buffer("members", torch.from_numpy(matrices.members).float(), persistent=False)
        window = torch.arange(-self.radius, self.radius + 1.0)
        self.register_buffer("window", window[:, None], persistent=False)

    def forward(self, points_BN2: Tensor, valid_BN: Tensor) -> Tensor:
        """Measure.

        Args:
            points_BN2: (B, N, 2) landmarks, map pixels, finite.
            valid_BN: (B, N) bool; a curve with another landmark is left out.

        Returns:
            (B, C, S, S) float32.
        """
        ends_B2P = (points_BN2.mT.double().contiguous() @ self.ends).float()
        starts_B2P, ends_B2P = ends_B2P.chunk(2, dim=-1)
        middles_B2P = ((starts_B2P + ends_B2P) / 2).round()
        # A window's pixels beyond the border make way for the border's nearest, whose distance is as right.
        pixels_B2KP = (middles_B2P[:, :, None] + self.window).clamp_(0, self.map_size - 1)
        columns_BKP, rows_BKP = pixels_B2KP.long().unbind(dim=1)
        rows_BKP = rows_BKP * self.map_size + self.first_pixel
        broken_BP = ~self.whole(valid_BN)[:, self.curve]
        squares = _squared_distances(pixels_B2KP, starts_B2P, ends_B2P, broken_BP)
        # Finite where there is no curve: roots and exponentials of infinity are slow.
        nearest = starts_B2P.new_full((len(points_BN2), self.channels * self.map_size**2), self.radius**2)
        for row_BP, squares_BKP in zip(rows_BKP.unbind(dim=1), squares, strict=True):
            places_BKP = columns_BKP + row_BP[:, None]
            nearest.scatter_reduce_(1, places_BKP.flatten(1), squares_BKP.flatten(1), reduce="amin")
        return nearest.view(-1, self.channels, self.map_size, self.map_size)

    def whole(self, valid_BN: Tensor) -> Tensor:
        """(B, curves) bool: whether all of a curve's landmarks are valid, so that it is drawn."""
        return (~valid_BN).float() @ self.members.T == 0


def _squared_distances(
    pixels_B2KP: Tensor, starts_B2P: Tensor, ends_B2P: Tensor, broken_BP: Tensor
) -> Iterator[Tensor]:
    """K × (B, K, P) squared distances of segments to the K columns of a row of their windows, row by row.

    Broken segments are infinitely far.
    """
    along_B2P = ends_B2P - starts_B2P
    # A segment of length 0 is its start, wherever "along" it one looks.
    scaled_B2P = along_B2P / along_B2P.square().sum(dim=1, keepdim=True).clamp_min(1e-12)
    offsets_B2KP = pixels_B2KP - starts_B2P[:, :, None]
    x, y = offsets_B2KP.unbind(dim=1)
    step_x, step_y = (offsets_B2KP * scaled_B2P[:, :, None]).unbind(dim=1)
    along_x, along_y = along_B2P[:, :, None].unbind(dim=1)
    x = x.masked_fill(broken_BP[:, None], torch.inf)
    for row in range(pixels_B2KP.shape[2]):
        fraction = (step_x + step_y[:, row, None]).clamp_(0, 1)
        dx = torch.addcmul(x, fraction, along_x, value=-1)
        dy = torch.addcmul(y[:, row, None], fraction, along_y, value=-1)
        yield dx.square_().addcmul_(dy, dy)
