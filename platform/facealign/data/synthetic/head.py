"""Behind the face and about it: shoulders, neck, hair, ears, the skin of the head."""

import numpy as np
from numpy.typing import NDArray

from facealign.data.synthetic.appearance import Appearance
from facealign.data.synthetic.canvas import Canvas, fill, line, mix
from facealign.data.synthetic.face import PosedFace
from facealign.data.synthetic.shading import HALF_SIZE
from facealign.data.synthetic.silhouette import CONTOUR_TOP
from facealign.geometry import affine

Array = NDArray[np.float64]

_CIRCLE = np.linspace(0, 2 * np.pi, 40, endpoint=False)
_ARC = np.stack([np.cos(_CIRCLE), np.sin(_CIRCLE)], axis=1)
_EAR = np.array(
    [[0.0, -0.12], [0.1, -0.22], [0.26, -0.22], [0.34, -0.06], [0.27, 0.2], [0.16, 0.4], [0.06, 0.46], [0.0, 0.38]]
)
"""Outline of an ear: backwards and downwards from its upper root, face units."""
_HAIRLINE = np.linspace(-0.98, 0.98, 15)
_SKULL = np.diag([1.08, 1.12, 1.2])
_SKULL_CENTER = np.array([0.0, -0.45, -0.25])


def paint_behind(canvas: Canvas, shades: Canvas, face: PosedFace, appearance: Appearance) -> None:
    """Long hair, shoulders, neck, hair on the skull, and the ears that the face will partly cover."""
    middle = face.projection.project(np.array([0.0, 0.9, -0.35]))
    if appearance.hair_length > 0.3 and not appearance.bald:
        fill(canvas, _hanging_hair(face, appearance), mix(appearance.hair, (0, 0, 0), 0.25))
    _paint_bust(canvas, shades, face, appearance, middle)
    grow, color = (0.98, appearance.skin) if appearance.bald else (1.06, appearance.hair)
    fill(canvas, _skull(face, grow), color)
    for side in (-1, 1):
        if not _is_near(face, side):
            _paint_ear(canvas, face, appearance, side)


def paint_skin(canvas: Canvas, face: PosedFace, appearance: Appearance) -> None:
    """The skin of the face, and the ear that is turned to the viewer."""
    fill(canvas, face.outline.head, appearance.skin)
    for side in (-1, 1):
        if _is_near(face, side):
            _paint_ear(canvas, face, appearance, side)


def paint_front_hair(canvas: Canvas, face: PosedFace, appearance: Appearance) -> None:
    """Hair over the forehead, down to the hairline and along the temples."""
    if appearance.bald:
        return
    rise = 0.14 * np.cos(np.pi * np.clip(_HAIRLINE - 0.5 * appearance.parting, -1, 1))
    y = appearance.hairline - rise + 0.62 * np.abs(_HAIRLINE) ** 5
    edge = face.at(np.column_stack([_HAIRLINE * face.surface.half_width(y), y]), 0.02)
    # Beyond the silhouette the hairline turns back; that part of it is not seen.
    reach = edge @ face.across
    edge = edge[reach.argmin() : reach.argmax() + 1]
    fill(canvas, np.concatenate([edge, face.outline.forehead]), appearance.hair)
    line(canvas, face.outline.forehead, appearance.hair, 0.05 * face.unit)  # no seam of skin along the silhouette


def _skull(face: PosedFace, grow: float) -> Array:
    """(40, 2) outline of the hair on the skull: an ellipsoid's shadow is an ellipse."""
    rotation = face.projection.rotation[:2]
    wide = float(face.surface.half_width(np.array([-0.2]))[0])
    half_axes = _SKULL * np.array([wide, 1.0, 1.0]) * grow
    shape = np.linalg.cholesky(rotation @ (half_axes @ half_axes) @ rotation.T)
    return np.asarray(_ARC @ (shape.T * face.unit) + face.projection.project(_SKULL_CENTER))


def _hanging_hair(face: PosedFace, appearance: Appearance) -> Array:
    """(n, 2) mane from the temples down to its length; it hangs straight down however the head is turned."""
    left, right = (face.projection.project(np.array([side * 1.12, -0.4, -0.35])) for side in (-1, 1))
    down = np.array([0.0, face.unit * (0.4 + appearance.hair_length)])
    outwards = np.array([0.14 * face.unit, 0.0])
    return np.array(
        [left, left + 0.5 * down - outwards, left + down, right + down, right + 0.5 * down + outwards, right]
    )


def _paint_bust(canvas: Canvas, shades: Canvas, face: PosedFace, appearance: Appearance, middle: Array) -> None:
    """A neck under the jaw and shoulders below it, both upright in the image."""
    unit = face.unit
    wide = 0.58 * face.identity.width
    neck = np.array(
        [
            [-wide, -0.5],
            [wide, -0.5],
            [wide * 1.05, 1.3],
            [wide * 1.9, 1.75],
            [-wide * 1.9, 1.75],
            [-wide * 1.05, 1.3],
        ]
    )
    fill(canvas, middle + unit * neck, mix(appearance.skin, (60, 20, 10), 0.08))
    wall = shades[0, 0].tolist()
    below_jaw = affine.apply(HALF_SIZE, middle + unit * neck * [0.98, 0.72])
    fill(shades, below_jaw, mix((wall[0], wall[1], wall[2]), (0, 0, 0), 0.45))
    shoulders = np.array(
        [
            [-0.75, 1.28],
            [0, 1.62],
            [0.75, 1.28],
            [1.5, 1.55],
            [2.3, 1.9],
            [2.7, 3.2],
            [2.7, 6],
            [-2.7, 6],
            [-2.7, 3.2],
            [-2.3, 1.9],
            [-1.5, 1.55],
        ]
    )
    fill(canvas, middle + unit * shoulders, appearance.clothes)


def _is_near(face: PosedFace, side: int) -> bool:
    """This side of the head is turned to the viewer, so its ear lies over the head rather than behind it."""
    return face.turned * side > 0.12


def _paint_ear(canvas: Canvas, face: PosedFace, appearance: Appearance, side: int) -> None:
    wide = float(face.surface.half_width(np.array([0.2]))[0])
    back, down = _EAR[:, 0], _EAR[:, 1]
    shape = np.column_stack([side * (wide * 0.985 + 0.45 * back), down + CONTOUR_TOP + 0.06, -0.12 - 0.85 * back])
    ear = face.projection.project(shape)
    fill(canvas, ear, mix(appearance.skin, (170, 60, 50), 0.12))
    inner = ear.mean(axis=0) + 0.6 * (ear[1:6] - ear.mean(axis=0))
    line(canvas, inner, mix(appearance.skin, (60, 20, 16), 0.4), 0.03 * face.unit)
