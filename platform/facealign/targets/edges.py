"""ADNet's edge maps: each facial edge in a map of its own (ADNet, §3.2, §4.1)."""

import math
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from facealign.config import Settings, UserError
from facealign.geometry import LandmarkSchema
from facealign.targets.curve_distances import CurveDistances

CUT = 3.0
"""The Gaussian form is zero beyond this many of its standard deviations."""


class EdgeMapSettings(Settings):
    """The form of an edge map; the defaults are ADNet's "line width 1.0", read as pixels of the 64-px map."""

    form: Literal["line", "gaussian"] = Field(
        default="line",
        description="line: a line of this width, anti-aliased: the fraction of a pixel that it covers; "
        "gaussian: exp(−d²/2width²) of the distance d, cut at 3 widths, as AWing draws its boundary",
    )
    width: float = Field(default=1.0, ge=1.0, le=8.0, description="of the line, or standard deviation; map px")


class EdgeMaps(nn.Module):
    """One map for each of the schema's ``edges``, from 0 to 1.

    Args:
        schema: Its ``edges`` are drawn, as smooth curves through their landmarks.
        map_size: S, side of the map, px.
        config: The form.

    Raises:
        UserError: The schema has no ``edges``.
    """

    def __init__(self, schema: LandmarkSchema, map_size: int, config: EdgeMapSettings) -> None:
        super().__init__()
        if not schema.edges:
            raise UserError(f"schema {schema.name} has no edges to draw; list some under `edges` in its file")
        self.config = config
        reach = (config.width + 1) / 2 + 1 if config.form == "line" else CUT * config.width
        self.distances = CurveDistances(
            schema.edges, schema.size, map_size, reach=math.ceil(reach), channels="each"
        )

    def forward(self, points_BN2: Tensor, valid_BN: Tensor) -> Tensor:
        """Draw the edges.

        Args:
            points_BN2: (B, N, 2) landmarks, map pixels, finite.
            valid_BN: (B, N) bool; the map of an edge with another landmark is zero.

        Returns:
            (B, E, S, S) float32.
        """
        nearest: Tensor = self.distances(points_BN2, valid_BN)
        width = self.config.width
        if self.config.form == "line":
            return nearest.sqrt_().neg_().add_((width + 1) / 2).clamp_(0, 1)
        return torch.exp(nearest * (-0.5 / width**2)) * (nearest <= (CUT * width) ** 2)

    def drawn(self, valid_BN: Tensor) -> Tensor:
        """(B, E) bool: the edges all of whose landmarks are valid."""
        whole: Tensor = self.distances.whole(valid_BN)
        return whole
