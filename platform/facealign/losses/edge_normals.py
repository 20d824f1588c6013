"""The direction across the edge at each landmark (ADNet, Eqs. 5 and 6).

Eq. 5 adds the vectors from a landmark to its two neighbors on the edge. That is across the edge only where both
are equally far: on 1212 training faces of 300W it is more than 45° off, so rather along the edge than across, at
25 % of the contour's landmarks and at 65 % of the nose ridge's and the inner lip's. The authors' code adds unit
vectors, which bisects the angle; that is the default here.
"""

from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from facealign.geometry import LandmarkSchema, edge_neighbors

Neighbors = Literal["unit", "raw"]

_SHORT = 1e-6
"""Vectors below this length, in the frame of the points, have no direction."""


class Normals(NamedTuple):
    """Directions across the edges.

    Attributes:
        vectors: (B, N, 2) unit vectors; whatever they are where not ``known``, they are finite.
        known: (B, N) bool; False for landmarks on no edge, and where the neighbors give no direction: one is not
            valid, or lies on the landmark itself, or the edge turns back on itself.
    """

    vectors: Tensor
    known: Tensor


class EdgeNormals(nn.Module):
    """True landmarks → normals.

    A landmark on several edges takes its neighbors on the first. The end of an open edge has the perpendicular of
    the line to its only neighbor. Three landmarks in one line, whose unit vectors cancel out, have that line's
    perpendicular, which the bisector tends to; the sum of the raw vectors tends to nothing there, and is unknown.

    Args:
        schema: Its ``edges``.
        neighbors: What is added: ``unit`` vectors towards the neighbors, or the ``raw`` ones.
    """

    before: Tensor
    after: Tensor

    def __init__(self, schema: LandmarkSchema, neighbors: Neighbors) -> None:
        super().__init__()
        self.neighbors = neighbors
        before, after = edge_neighbors(schema)
        self.register_buffer("before", torch.tensor(before), persistent=False)
        self.register_buffer("after", torch.tensor(after), persistent=False)

    def forward(self, points_BN2: Tensor, valid_BN: Tensor) -> Normals:
        """Find the normals.

        Args:
            points_BN2: (B, N, 2) true landmarks, finite, in a frame where faces are about 1 long or longer.
            valid_BN: (B, N) bool.
        """
        own = torch.arange(len(self.before), device=self.before.device)
        has_before, has_after = (self.before != own)[:, None], (self.after != own)[:, None]
        back, ahead = points_BN2[:, self.before] - points_BN2, points_BN2[:, self.after] - points_BN2
        # Beyond its end, an edge goes on as it came.
        back, ahead = torch.where(has_before, back, -ahead), torch.where(has_after, ahead, -back)
        back_unit, back_long = _normalize(back)
        ahead_unit, ahead_long = _normalize(ahead)
        x, y = (ahead_unit - back_unit).unbind(-1)
        # Of two unit vectors, sum and difference are perpendicular, and where one is short the other is long.
        across = torch.stack([-y, x], dim=-1)
        if self.neighbors == "raw":
            across = torch.where(has_before & has_after, back + ahead, across)
        vectors, long = _normalize(across)
        valid = valid_BN & valid_BN[:, self.before] & valid_BN[:, self.after]
        return Normals(vectors, valid & back_long & ahead_long & long)


def _normalize(vectors: Tensor) -> tuple[Tensor, Tensor]:
    """(…, 2) unit vectors, shorter where the vectors are all but zero; and (…) whether they are not."""
    lengths = vectors.norm(dim=-1, keepdim=True)
    return vectors / lengths.clamp_min(_SHORT), lengths[..., 0] > _SHORT
