"""ADNet's heads: landmark, point and edge maps (Table 10), and the attention made of them."""

import math
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from facealign.models.head import map_head

Attention = Literal["none", "point", "edge", "anisotropic"]
LandmarkActivation = Literal["relu", "instance_norm_relu"]

PRIOR = 0.05
"""Initial output of point and edge maps: about the fraction of pixels that are on them (``map_head``)."""

_EPSILON = 1e-5


class HeadMaps(NamedTuple):
    """The maps of one head branch; N landmarks, E edges.

    Attributes:
        landmarks: (B, N, S, S), not negative.
        points: (B, N, S, S) in 0…1, or None without a point head.
        edges: (B, E, S, S) in 0…1, or None without an edge head.
    """

    landmarks: Tensor
    points: Tensor | None
    edges: Tensor | None


class Heads(nn.Module):
    """(B, C, S, S) features → ``HeadMaps``, each by its own 1×1 convolution.

    Args:
        width: C.
        landmarks: N.
        edges: E.
        attention: Which of the point and edge heads there are.
        activation: Of the landmark maps.
    """

    def __init__(
        self, width: int, landmarks: int, edges: int, attention: Attention, activation: LandmarkActivation
    ) -> None:
        super().__init__()
        self.activation = activation
        # A map that ReLU makes all zero has no center and no gradient; so each begins near 1, as its mask alone.
        self.landmarks = map_head(width, landmarks, start=1.0, std=0.01)
        prior = math.log(PRIOR / (1 - PRIOR))
        has_points, has_edges = attention in ("point", "anisotropic"), attention in ("edge", "anisotropic")
        self.points = map_head(width, landmarks, start=prior, std=0.01) if has_points else None
        self.edges = map_head(width, edges, start=prior, std=0.01) if has_edges else None

    def forward(self, features: Tensor) -> HeadMaps:
        """Read the maps."""
        return HeadMaps(
            landmarks=self._activate(self.landmarks(features)),
            points=None if self.points is None else torch.sigmoid(self.points(features)),
            edges=None if self.edges is None else torch.sigmoid(self.edges(features)),
        )

    def _activate(self, maps: Tensor) -> Tensor:
        if self.activation == "instance_norm_relu":
            # By hand, in float32: autocast would leave half precision to the sum of thousands of squares.
            wide = maps.to(torch.promote_types(maps.dtype, torch.float32))
            variance, mean = torch.var_mean(wide, dim=(2, 3), correction=0, keepdim=True)
            maps = (wide - mean) * torch.rsqrt(variance + _EPSILON)
        return functional.relu(_lifted(maps))


def _lifted(maps: Tensor) -> Tensor:
    """Maps without a positive pixel raised until their lowest is 0; all others as they are.

    ReLU would leave nothing of them, neither a center nor a gradient to come back by: a landmark whose map is
    negative once in all faces would stay in the middle of the crop for ever.
    """
    lowest, highest = maps.amin(dim=(2, 3), keepdim=True), maps.amax(dim=(2, 3), keepdim=True)
    return maps - torch.where(highest > 0, torch.zeros_like(lowest), lowest)


class AttentionMask(nn.Module):
    """The mask that the landmark maps are multiplied with (Eqs. 7 and 13).

    ``point``: the point maps. ``edge``: each landmark's edge map. ``anisotropic``: their product.

    Edge maps become landmark maps by a constant matrix (E2P). A landmark on several edges has their sum. Eq. 13
    gives 0, and so no place at all, to a landmark on no edge; here its edge map is 1, and its mask the point map.

    Args:
        attention: Which of them; not ``none``.
        membership_NE: Whether landmark n lies on edge e.
    """

    matrix: Tensor
    free: Tensor

    def __init__(self, attention: Attention, membership_NE: Tensor) -> None:
        super().__init__()
        self.attention = attention
        self.register_buffer("matrix", membership_NE.float()[:, :, None, None], persistent=False)
        self.register_buffer("free", (~membership_NE.bool().any(dim=1)).float(), persistent=False)

    def forward(self, maps: HeadMaps) -> Tensor:
        """(B, N, S, S) float32, 0…1; more for a landmark on several edges."""
        mask: Tensor | None = None
        if maps.edges is not None and self.attention != "point":
            mask = functional.conv2d(maps.edges, self.matrix.to(maps.edges.dtype), self.free.to(maps.edges.dtype))
            mask = mask.float()
        if maps.points is not None and self.attention != "edge":
            mask = maps.points.float() if mask is None else mask * maps.points.float()
        if mask is None:
            raise ValueError(f"attention {self.attention!r} needs maps that this network does not predict")
        return mask
