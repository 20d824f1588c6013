"""λ, how much more an error across the edge weighs than one along it: ADNet's Table 14, and its authors' code."""

from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import Field, field_validator, model_validator
from torch import Tensor

from facealign.config import Settings, UserError, read_yaml
from facealign.geometry import LandmarkSchema
from facealign.losses.edge_normals import Normals

CONTOUR = "contour"
"""Name of the edge that is the outline of the face, in the schemas that have one."""


class AnisotropySettings(Settings):
    """Where λ comes from; the default is the paper's (§4.1)."""

    strategy: Literal["fixed", "contour", "per_landmark", "adaptive"] = Field(
        default="fixed",
        description="fixed: one value; contour: another one on the outline of the face; per_landmark: a ÷ b of "
        "each landmark's ellipse of errors; adaptive: by the last stack's attention, for each landmark and face",
    )
    value: float = Field(default=2.0, gt=0.0, description="λ of fixed, and of contour off the outline")
    contour: float = Field(default=4.0, gt=0.0, description="λ of contour on the outline")
    ellipses: tuple[tuple[float, float], ...] | None = Field(
        default=None,
        description="of per_landmark: the long and the short radius, [a, b], for each landmark in turn; or the "
        "path of a YAML file with such a list under `ellipses`, which is read at once",
    )
    least: float = Field(default=1.0, gt=0.0, description="smallest λ of adaptive")
    most: float = Field(default=9.0, gt=0.0, description="largest λ of adaptive")

    @field_validator("ellipses", mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        if isinstance(value, str):
            tree = read_yaml(Path(value))
            if "ellipses" not in tree:
                raise ValueError(f"{value}: has no key `ellipses`; list [a, b] for each landmark under it")
            value = tree["ellipses"]
        # What has passed through here is no longer JSON, whose lists a strict tuple would accept.
        return tuple(map(_as_tuple, value)) if isinstance(value, list) else value

    @model_validator(mode="after")
    def _check(self) -> "AnisotropySettings":
        if (self.strategy == "per_landmark") != (self.ellipses is not None):
            raise ValueError("ellipses belong to the strategy per_landmark; give both or neither")
        if any(radius <= 0 for pair in self.ellipses or () for radius in pair):
            raise ValueError("a radius of an ellipse is not positive")
        if self.least > self.most:
            raise ValueError(f"least {self.least} is above most {self.most}")
        return self


def _as_tuple(pair: Any) -> Any:
    return tuple(pair) if isinstance(pair, list) else pair


def constant_anisotropy(settings: AnisotropySettings, schema: LandmarkSchema) -> Tensor:
    """(N,) float32: λ of each landmark, which ``adaptive`` does not go by.

    Raises:
        UserError: The schema has no edge of the name ``contour``, or not as many landmarks as there are ellipses.
    """
    values = torch.full((schema.size,), settings.value)
    if settings.strategy == "contour":
        outline = [index for edge in schema.edges if edge.name == CONTOUR for index in edge.indices]
        if not outline:
            raise UserError(
                f"schema {schema.name} has no edge named {CONTOUR}; choose another strategy than `contour`, for "
                "example `fixed`"
            )
        values[outline] = settings.contour
    if settings.ellipses is not None:
        if len(settings.ellipses) != schema.size:
            raise UserError(
                f"there are {len(settings.ellipses)} ellipses for the {schema.size} landmarks of schema "
                f"{schema.name}; list one for each"
            )
        values = torch.tensor([long / short for long, short in settings.ellipses])
    return values


@torch.no_grad()
def attention_anisotropy(
    mask_BNHW: Tensor, centers_BN2: Tensor, normals: Normals, settings: AnisotropySettings
) -> Tensor:
    """λ by the shape of the attention: its spread along the edge ÷ that across.

    The spreads are the mean squared distances from the prediction, and no gradient flows through them.

    Args:
        mask_BNHW: (B, N, S, S) attention, not negative.
        centers_BN2: (B, N, 2) predicted landmarks, unit square.
        normals: The true directions across the edges.
        settings: The bounds.

    Returns:
        (B, N) float32 from ``least`` to ``most``.
    """
    mask, size = mask_BNHW.float(), mask_BNHW.shape[-1]
    axis = (torch.arange(size, device=mask.device) + 0.5) * (2 / size) - 1
    x, y = (axis - centers_BN2.float()[..., None]).unbind(dim=2)
    xx, yy = (mask.sum(-2) * x.square()).sum(-1), (mask.sum(-1) * y.square()).sum(-1)
    xy = ((mask * x[..., None, :]).sum(-1) * y).sum(-1)
    n_x, n_y = normals.vectors.float().unbind(-1)
    across = n_x.square() * xx + 2 * n_x * n_y * xy + n_y.square() * yy
    # The tangent is (−n_y, n_x), and the two spreads add up to xx + yy.
    along = xx + yy - across
    return (along / across.clamp_min(1e-12)).clamp(settings.least, settings.most)
