"""AWing's boundary channel: all facial curves in one map (§5, §7.3)."""

import torch
from torch import Tensor, nn

from facealign.config import UserError
from facealign.geometry import LandmarkSchema
from facealign.targets.curve_distances import CurveDistances

REACH = 3
"""The map is zero beyond this distance from the curves, map px."""


class BoundaryMap(nn.Module):
    """exp(−d²/2), where d is the distance to the nearest facial curve in map pixels; 0 where d > 3.

    Args:
        schema: Its ``boundary`` curves are drawn.
        map_size: S, side of the map, px.

    Raises:
        UserError: The schema has no ``boundary`` curves.
    """

    def __init__(self, schema: LandmarkSchema, map_size: int) -> None:
        super().__init__()
        if not schema.boundary:
            raise UserError(
                f"schema {schema.name} has no boundary curves to draw; list some under `boundary` in its file, "
                "or do without the boundary channel (`boundary: false, boundary_coords: false`)"
            )
        self.distances = CurveDistances(schema.boundary, schema.size, map_size, reach=REACH, channels="merged")

    def forward(self, points_BN2: Tensor, valid_BN: Tensor) -> Tensor:
        """Draw the curves.

        Args:
            points_BN2: (B, N, 2) landmarks, map pixels, finite.
            valid_BN: (B, N) bool; a curve with another landmark is left out.

        Returns:
            (B, 1, S, S) float32.
        """
        nearest: Tensor = self.distances(points_BN2, valid_BN)
        return torch.exp(nearest * -0.5) * (nearest <= REACH**2)

    def drawn(self, valid_BN: Tensor) -> Tensor:
        """(B, 1) bool: whether a face has a curve to draw, all of whose landmarks are valid."""
        drawn: Tensor = self.distances.whole(valid_BN).any(dim=1, keepdim=True)
        return drawn
