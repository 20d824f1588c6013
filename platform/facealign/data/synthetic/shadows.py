"""Soft shadows and rouge, painted into the shade map where the coarse mesh has no folds of its own."""

import cv2
import numpy as np
from numpy.typing import NDArray

from facealign.data.synthetic.appearance import Appearance
from facealign.data.synthetic.canvas import Canvas, Color, line, smooth
from facealign.data.synthetic.face import PosedFace
from facealign.data.synthetic.shading import HALF_SIZE
from facealign.geometry import affine

Array = NDArray[np.float64]


def paint_shadows(shades: Canvas, face: PosedFace, appearance: Appearance) -> None:
    """Soft shadows about the eyes, under the lip and beside a smile, and rouge, on the half-size shade map."""
    curves, unit = face.curves, face.unit
    nose, mouth = curves["nose_base"], curves["outer_lip_top"]
    for side, wing, corner, ear in (("right", nose[0], mouth[0], 5), ("left", nose[4], mouth[6], 27)):
        upper, brow = curves[f"{side}_upper_lid"], curves[f"{side}_brow_bottom"]
        _darken(shades, 0.5 * upper + 0.5 * brow[2], 0.88, 0.14 * unit)
        _darken(shades, curves[f"{side}_lower_lid"] + 0.1 * (nose[2] - upper[6]), 0.9, 0.08 * unit)
        if face.expression.smile > 0.3:
            away = corner + 0.35 * (corner - mouth[3]) + 0.25 * (wing - corner)
            _darken(shades, smooth(np.stack([wing, away, corner + 0.4 * (away - wing)])), 0.8, 0.06 * unit)
        if appearance.make_up:
            _rouge(shades, 0.5 * (curves["contour"][ear] + wing), 0.2 * unit)
    lip = curves["outer_lip_bottom"]
    _darken(shades, lip[2:5] + 0.3 * (curves["contour"][16] - lip[3]), 0.85, 0.12 * unit)


def _darken(shades: Canvas, points: Array, factor: float, width: float) -> None:
    """A line of shade through ``points``; points and width in pixels of the image."""
    points = affine.apply(HALF_SIZE, points)
    red, green, blue = _sample(shades, points[len(points) // 2])
    line(shades, points, (red * factor, green * factor, blue * factor), width / 2)


def _rouge(shades: Canvas, cheek: Array, radius: float) -> None:
    x, y = affine.apply(HALF_SIZE, cheek)
    red, green, blue = _sample(shades, np.array([x, y]))
    color = (min(255, red * 1.08), green * 0.86, blue * 0.88)
    cv2.circle(shades, (round(x), round(y)), max(1, round(radius / 2)), color, -1)


def _sample(shades: Canvas, point: Array) -> Color:
    column, row = (int(min(max(value, 0), len(shades) - 1)) for value in point)
    red, green, blue = shades[row, column].tolist()
    return red, green, blue
