"""Losses of landmark coordinates: ADNet's anisotropic direction losses (Eqs. 1–6) and their isotropic forms.

    d² = 2λ/(1+λ) · (N·e)² + 2/(1+λ) · (T·e)²      e: error, N across the edge, T along it
    ADLₙ = dⁿ                                      smooth ADL₁ = d²/2k where d < k, else d − k/2

With λ = 1, and off the edges, d is the length of e, and ADLₙ is Lₙ = |e|ⁿ. (Eqs. 3, 5 and 6, word for word, would
give √2·|e| off the edges, since both directions are the error's there; the text says Lₙ.)

Eq. 4 has k = 1, without a unit, and switches where |e| = 1, at which the loss would jump unless λ = 1; here it
switches where d = k, as in the authors' code, whose k is 0.01 of half the image: 1.28 px of 256.
"""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from facealign.config import Settings
from facealign.geometry import LandmarkSchema
from facealign.losses.anisotropy import AnisotropySettings, attention_anisotropy, constant_anisotropy
from facealign.losses.edge_normals import EdgeNormals, Neighbors, Normals


class ADLSettings(Settings):
    """Which loss, and its parts; the defaults are ADNet's smooth ADL₁."""

    name: Literal["smooth_adl1", "adl1", "adl2", "smooth_l1", "l1", "l2"] = Field(
        default="smooth_adl1", description="those named l are isotropic: λ is 1 everywhere"
    )
    knee: float = Field(
        default=0.01, gt=0.0, description="k of the smooth forms, unit square: 0.01 is 1.28 px of a 256-px image"
    )
    neighbors: Neighbors = Field(
        default="unit",
        description="what gives the direction across an edge: the sum of the unit vectors to both neighbors (the "
        "authors' code), or of the raw vectors (Eq. 5 as printed), which unequal distances tilt along the edge",
    )
    anisotropy: AnisotropySettings = Field(default=AnisotropySettings(), description="λ")

    @property
    def is_isotropic(self) -> bool:
        """Whether the loss ignores λ."""
        return "adl" not in self.name


class AnisotropicDirectionLoss(nn.Module):
    """ADNet's direction loss of each landmark, in the unit square (Eqs. 1–6).

    Args:
        config: Which loss.
        schema: The edges, along and across which errors are measured.

    Raises:
        UserError: λ cannot be had for this schema.
    """

    constant: Tensor

    def __init__(self, config: ADLSettings, schema: LandmarkSchema) -> None:
        super().__init__()
        self.config = config
        self.normals = EdgeNormals(schema, config.neighbors)
        constant = constant_anisotropy(config.anisotropy, schema)
        self.register_buffer("constant", constant, persistent=False)

    @property
    def needs_attention(self) -> bool:
        """Whether λ is measured on the attention mask."""
        return not self.config.is_isotropic and self.config.anisotropy.strategy == "adaptive"

    def anisotropy(self, normals: Normals, attention_BNHW: Tensor | None, centers_BN2: Tensor) -> Tensor:
        """λ of each landmark of each face: 1 where the direction across the edge is unknown.

        Args:
            normals: What ``self.normals`` found.
            attention_BNHW: (B, N, S, S) the last stack's mask, which ``adaptive`` goes by.
            centers_BN2: (B, N, 2) the last stack's landmarks, unit square.

        Returns:
            (B, N) float32.
        """
        if self.config.is_isotropic:
            return torch.ones_like(normals.known, dtype=torch.float32)
        if self.needs_attention:
            if attention_BNHW is None:
                raise ValueError("λ by attention needs an attention mask")
            strength = attention_anisotropy(attention_BNHW, centers_BN2, normals, self.config.anisotropy)
        else:
            strength = self.constant.expand(normals.known.shape)
        return torch.where(normals.known, strength, 1.0)

    def forward(self, error_BN2: Tensor, normals_BN2: Tensor, anisotropy_BN: Tensor) -> Tensor:
        """Compute the loss of each landmark.

        Args:
            error_BN2: (B, N, 2) predicted − true landmarks, unit square.
            normals_BN2: (B, N, 2) unit vectors across the edges; any where λ is 1.
            anisotropy_BN: (B, N) λ.

        Returns:
            (B, N) in float32 at least. The gradient is 0 where the error is.
        """
        error = error_BN2.to(torch.promote_types(error_BN2.dtype, torch.float32))
        square = squared_distance(error, normals_BN2, anisotropy_BN)
        if self.config.name in ("adl2", "l2"):
            return square
        if self.config.name in ("adl1", "l1"):
            return _root(square)
        knee = self.config.knee
        is_near = square < knee**2
        return torch.where(is_near, square / (2 * knee), _root(square.masked_fill(is_near, 1.0)) - knee / 2)


def squared_distance(error_BN2: Tensor, normals_BN2: Tensor, anisotropy_BN: Tensor) -> Tensor:
    """(B, N): d² of Eq. 3, as 2/(1+λ)·|e|² + 2(λ−1)/(1+λ)·(N·e)², where N has no effect if λ is 1."""
    across = (error_BN2 * normals_BN2).sum(-1).square()
    return (error_BN2.square().sum(-1) + (anisotropy_BN - 1) * across) * 2 / (1 + anisotropy_BN)


def _root(square: Tensor) -> Tensor:
    """√, with a gradient of 0 at 0, where the root's own is infinite."""
    is_zero = square <= 0
    return square.masked_fill(is_zero, 1.0).sqrt().masked_fill(is_zero, 0.0)
