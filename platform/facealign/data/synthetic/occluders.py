"""Things before the face: hands, strands of hair, masks and objects.

Each draws itself into the image and, where it is opaque, into a mask; the mask hides landmarks.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from facealign.data.synthetic.appearance import Appearance
from facealign.data.synthetic.background import sample_color
from facealign.data.synthetic.canvas import Canvas, Color, fill, line, mix, smooth
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


def occlude(canvas: Canvas, face: PosedFace, appearance: Appearance, chances: Chances) -> Canvas:
    """Put glasses on one face of five and something opaque before one of six, in place.

    Returns:
        (H, W) mask, 255 where the face is hidden.
    """
    mask = np.zeros(canvas.shape[:2], np.uint8)
    if chances.happens(0.2):
        put_on_glasses(canvas, mask, face, chances)
    if chances.happens(0.16):
        kinds: tuple[_Occluder, ...] = (_hand, _hand, _strand, _face_mask, _object)
        kinds[chances.integer(len(kinds))](canvas, mask, face, appearance, chances)
    return mask


_Occluder = Callable[[Canvas, Canvas, PosedFace, Appearance, Chances], None]


def _hand(canvas: Canvas, mask: Canvas, face: PosedFace, appearance: Appearance, chances: Chances) -> None:
    """A palm with four fingers and a thumb, reaching in from below or from the side."""
    target = face.curves["contour"].mean(axis=0) + face.unit * np.array(
        [chances.uniform(-0.9, 0.9), chances.uniform(-0.1, 0.8)]
    )
    angle = chances.uniform(-1.2, 1.2)
    size = face.unit * chances.uniform(0.7, 0.95)
    axes = size * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])

    def place(points: list[list[float]]) -> Array:
        return np.asarray(np.array(points) @ axes + target)

    light = mix(appearance.skin, _color_at(canvas, face.curves["nose_ridge"][2]), chances.uniform(0.4, 1.0))
    edge = mix(light, (20, 6, 4), 0.45)
    palm = place(
        [[-0.42, 0.1], [0.42, 0.1], [0.44, 0.6], [0.3, 1.0], [0.34, 4.0], [-0.3, 4.0], [-0.26, 1.0], [-0.44, 0.6]]
    )
    fingers = [place([[0.28 * k - 0.42, 0.3], [0.3 * k - 0.45, -0.75 + 0.12 * abs(k - 1.3)]]) for k in range(4)]
    fingers.append(place([[0.35, 0.75], [0.72, 0.1]]))
    for finger in fingers:
        line(canvas, finger, edge, 0.26 * size)
        line(mask, finger, _OPAQUE, 0.26 * size)
        line(canvas, finger, light, 0.22 * size)
    fill(canvas, palm, light)
    fill(mask, palm, _OPAQUE)
    for k in range(3):
        line(canvas, place([[0.28 * k - 0.28, 0.32], [0.29 * k - 0.29, 0.0]]), edge, 0.025 * size)


def _color_at(canvas: Canvas, point: Array) -> Color:
    column, row = (min(max(round(value), 0), len(canvas) - 1) for value in point.tolist())
    red, green, blue = canvas[row, column].tolist()
    return red, green, blue


def _strand(canvas: Canvas, mask: Canvas, face: PosedFace, appearance: Appearance, chances: Chances) -> None:
    """A lock of hair that falls over one brow and eye."""
    side = 1 if chances.happens(0.5) else -1
    wide = chances.uniform(0.2, 0.38)
    start = np.array([[side * 0.1, -1.0], [side * 0.5, -0.45], [side * 0.62, 0.1], [side * 0.66, 0.55]])
    edge = start + np.array([[side * wide, 0.0], [side * wide, 0.0], [side * 0.8 * wide, 0.0], [0.0, 0.12]])
    inner, outer = smooth(face.at(start, 0.06)), smooth(face.at(edge, 0.06))
    lock = np.concatenate([inner, outer[::-1]])
    fill(canvas, lock, appearance.hair)
    fill(mask, lock, _OPAQUE)
    for share in (0.2, 0.4, 0.6, 0.8):
        line(
            canvas, inner + share * (outer - inner), mix(appearance.hair, (255, 240, 220), 0.12), 0.02 * face.unit
        )


def _face_mask(canvas: Canvas, mask: Canvas, face: PosedFace, appearance: Appearance, chances: Chances) -> None:
    """A cloth mask from the nose to below the chin, its strings running to the ears."""
    contour = face.curves["contour"]
    color = mix((214, 226, 234), sample_color(chances), chances.uniform(0.0, 0.9))
    bridge = face.curves["nose_ridge"][1:3].mean(axis=0)
    upwards = 0.1 * (bridge - contour[16])
    left, right = (0.5 * (bridge + contour[k]) + upwards for k in (25, 7))
    cloth = np.concatenate([smooth(np.stack([contour[7], right, bridge, left, contour[25]])), contour[24:7:-1]])
    for a, b in ((1, 8), (31, 24)):
        line(canvas, contour[[a, b]], mix(color, (255, 255, 255), 0.4), 0.02 * face.unit)
    fill(canvas, cloth, color)
    fill(mask, cloth, _OPAQUE)
    for share in (0.35, 0.6):
        fold = contour[9:24:2] + share * (bridge - contour[9:24:2]) * np.array([[0.6, 1.0]])
        line(canvas, smooth(fold[1:-1]), mix(color, (40, 40, 50), 0.22), 0.02 * face.unit)


def _object(canvas: Canvas, mask: Canvas, face: PosedFace, appearance: Appearance, chances: Chances) -> None:
    """A cup, a book or a telephone: a rounded board with a stripe."""
    center = face.curves["contour"].mean(axis=0) + face.unit * np.array(
        [chances.uniform(-0.8, 0.8), chances.uniform(-0.5, 0.8)]
    )
    half = face.unit * np.array([chances.uniform(0.25, 0.55), chances.uniform(0.25, 0.6)])
    angle, color = chances.uniform(-0.6, 0.6), sample_color(chances)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    board = (np.sign(_CIRCLE) * np.abs(_CIRCLE) ** chances.uniform(0.25, 1.0) * half) @ turn + center
    fill(canvas, board, color)
    fill(mask, board, _OPAQUE)
    stripe = np.array([[-0.9, -0.2], [0.9, -0.2], [0.9, 0.15], [-0.9, 0.15]]) * half @ turn + center
    fill(canvas, stripe, sample_color(chances))
