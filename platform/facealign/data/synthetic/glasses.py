"""Glasses: two lenses in a bent plane before the eyes, a bridge, and temples to the ears."""

import numpy as np
from numpy.typing import NDArray

from facealign.data.synthetic.background import sample_color
from facealign.data.synthetic.canvas import Canvas, Color, fill, line, mix
from facealign.data.synthetic.chances import Chances
from facealign.data.synthetic.face import PosedFace

Array = NDArray[np.float64]

_RING = np.linspace(0, 2 * np.pi, 24, endpoint=False)
_CIRCLE = np.column_stack([np.cos(_RING), np.sin(_RING)])
_OPAQUE: Color = (255, 255, 255)


def put_on_glasses(canvas: Canvas, mask: Canvas, face: PosedFace, chances: Chances) -> None:
    """Two lenses, a bridge and temples; one pair in five has dark lenses, and only those hide anything."""
    dark = chances.happens(0.2)
    color = mix((30, 26, 26), sample_color(chances, 10, 160), chances.uniform(0, 0.7))
    wide, high = chances.uniform(1.4, 1.75) * face.identity.eye_width, chances.uniform(0.17, 0.25)
    square = chances.uniform(0.45, 1.0)
    width = chances.uniform(0.015, 0.05) * face.unit
    rim = np.sign(_CIRCLE) * np.abs(_CIRCLE) ** square * [wide, high]
    plane = float(face.surface.depth(np.array([0.0]), np.array([0.03]))[0]) + 0.02
    eye = min(face.identity.eye_distance, 1.02 - wide)
    for side in (-1, 1):
        flat = rim + np.array([side * eye, 0.04])
        bent = plane - 0.42 * np.maximum(0, np.abs(flat[:, 0]) - 0.2) ** 2
        lens = face.projection.project(np.column_stack([flat, bent]))
        if dark:
            fill(canvas, lens, mix((18, 18, 22), color, 0.25))
            fill(mask, lens, _OPAQUE)
            glare = lens[14:18] * 0.75 + lens.mean(axis=0) * 0.25
            line(canvas, glare, (96, 100, 110), 0.03 * face.unit)
        hinge = np.array(
            [[side * (eye + wide), 0.0, plane - 0.2], [side * 1.03 * face.identity.width, 0.0, -0.25]]
        )
        if face.turned * side > -0.1:
            line(canvas, face.projection.project(hinge), color, width)
        line(canvas, lens, color, width, closed=True)
    bridge = np.array([[wide - eye, 0.0, plane], [0, -0.04, plane + 0.02], [eye - wide, 0.0, plane]])
    line(canvas, face.projection.project(bridge), color, width)
