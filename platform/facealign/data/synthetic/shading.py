"""Light on the head: Lambert's law on a coarse mesh, drawn at half size from far to near, then smoothed.

The result multiplies the albedo; 128 stands for a factor of one.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from facealign.data.synthetic.appearance import Light
from facealign.data.synthetic.canvas import Canvas, facets
from facealign.data.synthetic.projection import Projection
from facealign.data.synthetic.surface import CROWN, HeadSurface
from facealign.data.synthetic.texture import roughen
from facealign.geometry import affine

Array = NDArray[np.float64]

HALF_SIZE = affine.resize(0.5)
"""Pixels of the image → pixels of the shade map."""

_KNOTS = np.linspace(-1, 1, 17)
_SINES = np.sin(np.pi / 2 * np.sign(_KNOTS) * np.abs(_KNOTS) ** 1.35)
_ROWS = np.concatenate([np.linspace(0.98 * CROWN, -0.28, 5), np.linspace(-0.1, 0.9, 11)])
_UNIT = 128
_LAMP = 1.4
"""Brightness of skin that faces the lamp."""


def screen(light: Light, size: int) -> Canvas:
    """(size // 2, size // 2, 3) shade map of an empty room: lit as a wall that faces the viewer.

    Polygons painted into a shade map before it is softened become soft shadows.
    """
    facing = light.ambient + (1 - light.ambient) * max(0.0, light.direction[2])
    half = size // 2
    canvas = np.empty((half, half, 3), np.uint8)
    cv2.rectangle(canvas, (0, 0), (half, half), np.clip(_color(light) * facing, 0, 255).tolist(), -1)
    return canvas


def shade_head(shades: Canvas, surface: HeadSurface, projection: Projection, light: Light) -> None:
    """Draw the lit head into a shade map."""
    vertices = _mesh(surface)
    corners = np.stack(
        [vertices[:-1, :-1], vertices[:-1, 1:], vertices[1:, 1:], vertices[1:, :-1]], axis=2
    ).reshape(-1, 4, 3)
    seen = corners @ projection.rotation.T
    normal = _unit(np.cross(seen[:, 3] - seen[:, 1], seen[:, 0] - seen[:, 2]))
    bright = light.ambient + (1 - light.ambient) * _LAMP * np.maximum(0, normal @ light.direction)
    bright *= 0.78 + 0.22 * np.abs(normal[:, 2])  # grazing skin looks darker
    front = np.flatnonzero(normal[:, 2] > -0.3)
    order = front[np.argsort(seen[front, :, 2].mean(axis=1), kind="stable")]
    pixels = affine.apply(HALF_SIZE, projection.project(corners[order]))
    colors = np.clip(bright[order, None] * _color(light), 0, 255).astype(int).tolist()
    facets(shades, pixels, colors)


def soften(shades: Canvas, unit: float, mottle: Canvas) -> Canvas:
    """Smooth the mesh's facets away and bring the map to full size.

    Args:
        shades: (H, W, 3), half the image's size.
        unit: Pixels of the image for one face unit.
        mottle: Noise about 128 of the map's shape, which gives the skin its unevenness.
    """
    width = max(3, 2 * round(0.022 * unit) + 1)
    blurred = cv2.blur(cv2.blur(shades, (width, width)), (width, width))
    roughen(blurred, mottle, 0.08)
    return np.asarray(cv2.resize(blurred, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def lit(albedo: Canvas, shades: Canvas, exposure: float) -> Canvas:
    """Albedo times shade, both (H, W, 3)."""
    return np.asarray(cv2.multiply(albedo, shades, scale=exposure / _UNIT), dtype=np.uint8)


def _mesh(surface: HeadSurface) -> Array:
    """(rows, columns, 3) vertices on the head, dense about the nose."""
    rows = np.where(_ROWS < 0, _ROWS, _ROWS * (surface.chin / 0.905))
    y = np.broadcast_to(rows[:, None], (len(rows), len(_SINES)))
    half = surface.half_width(rows)[:, None]
    x = half * _SINES
    return np.stack([x, y, surface.skull(np.broadcast_to(_SINES, y.shape), y) + surface.features(x, y)], axis=-1)


def _unit(vectors: Array) -> Array:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9))


def _color(light: Light) -> Array:
    return _UNIT * np.array([1 + light.warmth, 1.0, 1 - light.warmth])
