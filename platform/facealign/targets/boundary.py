"""AWing's boundary channel: all facial curves in one map (§5, §7.3)."""

import math

import torch
from torch import Tensor, nn

from facealign.config import UserError
from facealign.geometry import LandmarkSchema
from facealign.targets.curves import curve_matrices

REACH = 3
"""The map is zero beyond this distance from the curves, map px."""

PIECES_PER_PIXEL = 1 / 12
"""Straight pieces for each gap between neighbouring landmarks ÷ side of the map: 6 at 64 px, where a face has gaps
of 2–8 px. With gentle curves the map is within 0.02 of the exact one."""


class BoundaryMap(nn.Module):
    """exp(−d²/2), where d is the distance to the nearest facial curve in map pixels; 0 where d > 3.

    The paper makes it by a distance transform of the drawn curves; here each short segment of a curve measures its
    exact distance to the pixels around it, and the smallest distance stays, so lines are not rounded to pixels.

    Args:
        schema: Its ``boundary`` curves are drawn.
        map_size: S, side of the map, px.

    Raises:
        UserError: The schema has no ``boundary`` curves.
    """

    starts: Tensor
    ends: Tensor
    used: Tensor
    window: Tensor

    def __init__(self, schema: LandmarkSchema, map_size: int) -> None:
        super().__init__()
        if not schema.boundary:
            raise UserError(
                f"schema {schema.name} has no boundary curves to draw; list some under `boundary` in its file, "
                "or do without the boundary channel (`boundary: false, boundary_coords: false`)"
            )
        self.map_size = map_size
        # Room for half a segment and for rounding its middle to a pixel.
        self.radius = REACH + 1
        pieces = max(2, math.ceil(map_size * PIECES_PER_PIXEL))
        matrices = curve_matrices(schema.boundary, schema.size, pieces)
        # Double: neither autocast nor TF32 touches it; in those, coordinates would be off by tenths of a pixel.
        self.register_buffer("starts", torch.from_numpy(matrices.starts), persistent=False)
        self.register_buffer("ends", torch.from_numpy(matrices.ends), persistent=False)
        self.register_buffer("used", torch.from_numpy(matrices.used).float(), persistent=False)
        self.register_buffer("window", torch.arange(-self.radius, self.radius + 1), persistent=False)

    def forward(self, points_BN2: Tensor, valid_BN: Tensor) -> Tensor:
        """Draw the curves.

        Args:
            points_BN2: (B, N, 2) landmarks, map pixels, finite.
            valid_BN: (B, N) bool; a curve with another landmark is left out.

        Returns:
            (B, 1, S, S) float32.
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
        squares.masked_fill_(self._broken(valid_BN)[..., None, None], torch.inf)
        columns, rows = (pixels_BS2K.long() + margin).unbind(dim=2)
        places = (rows * side)[..., :, None] + columns[..., None, :]
        nearest = squares.new_full((len(points), side * side), torch.inf)
        nearest.scatter_reduce_(1, places.flatten(1), squares.flatten(1), reduce="amin")
        nearest = nearest.view(-1, 1, side, side)[..., margin:-margin, margin:-margin]
        return torch.exp(nearest * -0.5) * (nearest <= REACH**2)

    def drawn(self, valid_BN: Tensor) -> Tensor:
        """(B, 1) bool: whether a face has a curve to draw, all of whose landmarks are valid."""
        return ~self._broken(valid_BN).all(dim=1, keepdim=True)

    def _broken(self, valid_BN: Tensor) -> Tensor:
        """(B, S) bool: whether a segment belongs to a curve with an invalid landmark."""
        return (~valid_BN).float() @ self.used.T > 0


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
