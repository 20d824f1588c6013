"""The anisotropic loss: Rayhan, Galata & Cootes, "Not all points are created equal", BMVC 2020.

The squared Mahalanobis distance (Eq. 2) under weights that forgive an error along the facial curve more than one
away from it (Eqs. 4–6).

Where the paper is silent (ours): a and b are in pixels of a crop of 256 px; the well-defined corners are those of
eyes and mouth, and the landmarks that lie on no curve, such as pupils, count like them; where a curve has no
direction, because a landmark's neighbors coincide or are unknown, an error counts in every direction as it does
across; and a landmark of two curves follows the first.
"""

from collections.abc import Iterator

import torch
from pydantic import Field
from torch import Tensor

from facealign.config import Settings
from facealign.geometry import LandmarkSchema
from facealign.losses.coordinates.base import COORDINATE_LOSSES, CoordinateLoss


class AnisotropicLossSettings(Settings):
    """Standard deviations of a landmark's annotation; the defaults are the paper's (§5)."""

    a: float = Field(default=5.0, gt=0.0, description="standard deviation along the curve, px of 256")
    b: float = Field(default=3.0, gt=0.0, description="standard deviation across it, px of 256")


@COORDINATE_LOSSES.register("anisotropic")
class AnisotropicLoss(CoordinateLoss):
    """eᵀWe with W = tt'/a² + (I − tt')/b² on a curve with tangent t, and W = I at corners."""

    Config = AnisotropicLossSettings
    config: AnisotropicLossSettings

    def __init__(self, config: AnisotropicLossSettings, schema: LandmarkSchema) -> None:
        super().__init__(config, schema)
        before, after = list(range(schema.size)), list(range(schema.size))
        self._isotropic = [i for i, pair in enumerate(_neighbors(schema)) if pair is None]
        for i, pair in enumerate(_neighbors(schema)):
            before[i], after[i] = pair or (i, i)
        self._before, self._after = before, after

    def per_landmark(self, errors_BN2: Tensor, shape_BN2: Tensor, valid_BN: Tensor) -> Tensor:
        """eᵀWe = |e|²/b² − (e·t)² (1/b² − 1/a²); |e|² at corners."""
        a, b = self.config.a, self.config.b
        tangents_BN2 = self.tangents(shape_BN2.to(errors_BN2.dtype), valid_BN)
        along_BN = (errors_BN2 * tangents_BN2).sum(dim=-1).square()
        squares_BN = errors_BN2.square().sum(dim=-1)
        is_isotropic_N = torch.zeros(self.schema.size, dtype=torch.bool, device=errors_BN2.device)
        is_isotropic_N[self._isotropic] = True
        return torch.where(is_isotropic_N, squares_BN, squares_BN / b**2 - along_BN * (1 / b**2 - 1 / a**2))

    def tangents(self, shape_BN2: Tensor, valid_BN: Tensor) -> Tensor:
        """Unit tangents of the curves, (B, N, 2); 0 where there is none (Eqs. 4 and 5).

        Args:
            shape_BN2: Landmarks, any unit.
            valid_BN: Where one neighbor is unknown, the tangent points from the landmark to the other.
        """
        neighbors = []
        for indices in (self._before, self._after):
            known_BN1 = valid_BN[:, indices, None]
            neighbors.append(torch.where(known_BN1, shape_BN2[:, indices], shape_BN2))
        before_BN2, after_BN2 = neighbors
        chords_BN2 = after_BN2 - before_BN2
        lengths_BN1 = chords_BN2.norm(dim=-1, keepdim=True)
        tiny = torch.finfo(chords_BN2.dtype).eps
        return torch.where(lengths_BN1 > tiny, chords_BN2 / lengths_BN1.clamp_min(tiny), 0.0)


def _neighbors(schema: LandmarkSchema) -> Iterator[tuple[int, int] | None]:
    """Each landmark's neighbors on its curve, itself at an open end; None where the loss is isotropic."""
    found: dict[int, tuple[int, int]] = {}
    for edge in schema.edges:
        line = edge.indices
        for at, landmark in enumerate(line):
            before, after = at - 1, at + 1
            if edge.closed:
                pair = (line[before], line[after % len(line)])
            else:
                pair = (line[max(before, 0)], line[min(after, len(line) - 1)])
            found.setdefault(landmark, pair)
    return (None if i in schema.corners else found.get(i) for i in range(schema.size))
