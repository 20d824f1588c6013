"""One posed face: its surface, its projection and every curve of it in pixels of the image."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from facealign.data.synthetic.curves import facial_curves
from facealign.data.synthetic.person import Expression, Identity
from facealign.data.synthetic.projection import Pose, Projection, hidden_by_head, rotation_of
from facealign.data.synthetic.silhouette import Outline, outline
from facealign.data.synthetic.surface import HeadSurface

Array = NDArray[np.float64]
T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True)
class PosedFace:
    """A face before it has colors.

    Attributes:
        identity: Shape of the head.
        expression: What it does.
        surface: Both as a surface, face units.
        projection: Face units → pixels.
        outline: The head's outline, pixels.
        curves: Points (n, 2) of every curve, the contour included, pixels.
        hidden: (n,) for each of them: the face itself is in the way.
    """

    identity: Identity
    expression: Expression
    surface: HeadSurface
    projection: Projection
    outline: Outline
    curves: dict[str, Array]
    hidden: dict[str, NDArray[np.bool_]]

    @property
    def unit(self) -> float:
        """Pixels for one face unit."""
        return self.projection.scale

    def at(self, points: Array, lift: float = 0.0) -> Array:
        """Frontal points (n, 2), face units, laid on the face and ``lift`` before it → (n, 2) pixels."""
        z = self.surface.depth(points[:, 0], points[:, 1]) + lift
        return self.projection.project(np.column_stack([points, z]))

    @cached_property
    def across(self) -> Array:
        """(2,) direction in the image at right angles to the face's vertical axis, towards the image's right."""
        down_x, down_y = self.projection.rotation[:2, 1]
        return np.array([down_y, -down_x])

    @cached_property
    def turned(self) -> float:
        """Sideways part of the line of sight: positive shows more of the subject's left (image right)."""
        return float(self.projection.sight[0])


def place_face(identity: Identity, expression: Expression, pose: Pose, center: Array, side: float) -> PosedFace:
    """Turn a face and put it into the image.

    Args:
        identity: Shape of the head.
        expression: What it does.
        pose: How it is turned.
        center: (2,) pixel of the middle of the landmarks' tight box.
        side: Pixels of that box's longer side.
    """
    surface = HeadSurface(identity, expression)
    frontal = facial_curves(identity, expression)
    flat = np.concatenate(list(frontal.values()))
    points = np.column_stack([flat, surface.depth(flat[:, 0], flat[:, 1])])
    unit = Projection(rotation=rotation_of(pose), scale=1.0, center=np.zeros(2))
    near, edge = unit.project(points), outline(surface, unit)
    both = np.concatenate([near, edge.contour])
    low, high = both.min(axis=0), both.max(axis=0)
    scale = side / float((high - low).max())
    projection = Projection(rotation=unit.rotation, scale=scale, center=center - scale * (low + high) / 2)

    edge = Outline(edge.contour * scale + projection.center, edge.forehead * scale + projection.center)
    curves = _cut(near * scale + projection.center, frontal)
    hidden = _cut(hidden_by_head(surface, points, projection.sight), frontal)
    curves["contour"], hidden["contour"] = edge.contour, np.zeros(len(edge.contour), dtype=bool)
    return PosedFace(identity, expression, surface, projection, edge, curves, hidden)


def _cut(values: NDArray[T], curves: Mapping[str, Array]) -> dict[str, NDArray[T]]:
    """Values (n, …) of all curves' points in turn → those of each curve, by name."""
    ends = accumulate(len(curve) for curve in curves.values())
    return {name: values[end - len(curve) : end] for (name, curve), end in zip(curves.items(), ends, strict=True)}
