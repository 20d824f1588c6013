"""How far each pixel of a map is from curves through landmarks."""

import math
from typing import Literal

import torch
from torch import Tensor, nn

from facealign.geometry import Edge
from facealign.targets.curves import curve_matrices

PIECES_PER_PIXEL = 1 / 12
"""Straight pieces for each gap between neighbouring landmarks ÷ side of the map: 6 at 64 px, where a face has gaps
of 2–8 px. With gentle curves a map of width 1 is within 0.02 of the exact one."""


class CurveDistances(nn.Module):
    """Squared distances to the nearest point of a curve, map pixels; infinite where no curve is within reach.

    A distance transform measures from drawn pixels; here each short segment of a curve measures its exact distance
    to the pixels around it, and the smallest distance stays, so lines are not rounded to pixels.

    Args:
        curves: Indices of landmarks in order, at least one curve.
        landmarks: N.
        map_size: S, side of the map, px.
        reach: Distances up to this one are needed, px. Those beyond are right or infinite.
        channels: ``each`` for a channel per curve, ``merged`` for one channel with the nearest of all curves.
    """

    starts: Tensor
    ends: Tensor
    curve: Tensor
    channel: Tensor
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
        self.register_buffer("starts", torch.from_numpy(matrices.starts), persistent=False)
        self.register_buffer("ends", torch.from_numpy(matrices.ends), persistent=False)
        self.register_buffer("curve", curve, persistent=False)
        self.register_buffer("channel", curve % self.channels, persistent=False)
        self.register_buffer("members", torch.from_numpy(matrices.members).float(), persistent=False)
        self.register_buffer("window", torch.arange(-self.radius, self.radius + 1), persistent=False)

    def forward(self, points_BN2: Tensor, valid_BN: Tensor) -> Tensor:
        """Measure.

        Args:
            points_BN2: (B, N, 2) landmarks, map pixels, finite.
            valid_BN: (B, N) bool; a curve with another landmark is left out.

        Returns:
            (B, C, S, S) float32.
        """
        points = points_BN2.double()
        starts_BS2, ends_BS2 = (self.starts @ points).float(), (self.ends @ points).float()
        middles_BS2 = ((starts_BS2 + ends_BS2) / 2).round()
        # Around the map lies a margin, wide enough for the window of anything that is wholly off the map.
        margin = 2 * self.radius + 1
        side = self.map_size + 2 * margin
        middles_BS2 = middles_BS2.clamp(-self.radius - 1, self.map_size + self.radius)
        pixels_BS2K = middles_BS2[..., None] + self.window
        squares = _squared_distances(pixels_BS2K, starts_BS2, ends_BS2)
        broken_BS = ~self.whole(valid_BN)[:, self.curve]
        squares.masked_fill_(broken_BS[..., None, None], torch.inf)
        columns, rows = (pixels_BS2K.long() + margin).unbind(dim=2)
        rows = rows + (self.channel * side)[:, None]
        places = (rows * side)[..., :, None] + columns[..., None, :]
        nearest = squares.new_full((len(points), self.channels * side * side), torch.inf)
        nearest.scatter_reduce_(1, places.flatten(1), squares.flatten(1), reduce="amin")
        return nearest.view(-1, self.channels, side, side)[..., margin:-margin, margin:-margin]

    def whole(self, valid_BN: Tensor) -> Tensor:
        """(B, curves) bool: whether all of a curve's landmarks are valid, so that it is drawn."""
        return (~valid_BN).float() @ self.members.T == 0


def _squared_distances(pixels_BS2K: Tensor, starts_BS2: Tensor, ends_BS2: Tensor) -> Tensor:
    """(B, S, K, K) squared distances of segments to the K×K pixels around each: rows first, then columns."""
    along_BS2 = ends_BS2 - starts_BS2
    # A segment of length 0 is its start, wherever "along" it one looks.
    scaled_BS2 = along_BS2 / along_BS2.square().sum(-1, keepdim=True).clamp_min(1e-12)
    offsets_BS2K = pixels_BS2K - starts_BS2[..., None]
    x, y = offsets_BS2K.unbind(dim=2)
    step_x, step_y = (offsets_BS2K * scaled_BS2[..., None]).unbind(dim=2)
    fraction = (step_x[..., None, :] + step_y[..., :, None]).clamp_(0, 1)
    dx = torch.addcmul(x[..., None, :], fraction, along_BS2[..., 0, None, None], value=-1)
    dy = torch.addcmul(y[..., :, None], fraction, along_BS2[..., 1, None, None], value=-1)
    return dx.square_().addcmul_(dy, dy)
