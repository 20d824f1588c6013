"""Eyes, brows, nose and mouth, painted along the very curves that the landmarks are read off."""

import cv2
import numpy as np
from numpy.typing import NDArray

from facealign.data.synthetic.appearance import Appearance
from facealign.data.synthetic.canvas import Canvas, Color, blend, fill, line, mix, smooth
from facealign.data.synthetic.face import PosedFace

Array = NDArray[np.float64]

_RING = np.linspace(0, 2 * np.pi, 16, endpoint=False)
_DISC = np.column_stack([np.cos(_RING), np.sin(_RING)])
_WING = np.array([[0.98, -0.17], [1.12, -0.1], [1.08, -0.035], [0.82, -0.02]])
_NOSTRIL = np.array([0.42, -0.03]) + _DISC * [0.34, 0.022]
_MIRROR = np.array([-1.0, 1.0])
_NOSE = np.concatenate([_WING * _MIRROR, _WING, _NOSTRIL * _MIRROR, _NOSTRIL])
"""Wings and nostrils, right and left: x in half-widths of the nose, y in face units below its base."""
_DARK: Color = (28, 16, 14)
_CAVITY: Color = (62, 16, 20)
_TEETH: Color = (232, 226, 214)


def paint_eye(canvas: Canvas, face: PosedFace, appearance: Appearance, side: str) -> None:
    """Sclera, iris, pupil and highlight within the lids; lashes; the fold above."""
    upper, lower = face.curves[f"{side}_upper_lid"], face.curves[f"{side}_lower_lid"]
    outline = np.concatenate([upper, lower[-2:0:-1]])
    brow = face.curves[f"{side}_brow_bottom"][2] - upper[len(upper) // 2]
    fold = 1.35 * upper - 0.35 * lower + 0.22 * brow
    fill(canvas, np.concatenate([upper, fold[::-1]]), appearance.lid)
    line(canvas, fold[1:-1], mix(appearance.lid, _DARK, 0.35), 0.012 * face.unit)
    low = np.maximum(np.floor(outline.min(axis=0)).astype(int) - 1, 0)
    high = np.ceil(outline.max(axis=0)).astype(int) + 2
    patch = canvas[low[1] : max(low[1], high[1]), low[0] : max(low[0], high[0])]
    if patch.size:
        ball, mask = np.empty_like(patch), np.zeros(patch.shape[:2], np.uint8)
        _paint_ball(ball, face, appearance, side, low)
        fill(mask, outline - low, (255, 255, 255))
        blend(patch, ball, mask)
    lash = 0.045 if appearance.make_up else 0.026
    line(canvas, lower, mix(appearance.skin, (110, 40, 34), 0.45), 0.012 * face.unit)
    line(canvas, upper, _DARK, lash * face.unit)


def paint_brow(canvas: Canvas, face: PosedFace, appearance: Appearance, side: str) -> None:
    """A filled brow with a few hairs along its edges."""
    top, bottom = smooth(face.curves[f"{side}_brow_top"]), smooth(face.curves[f"{side}_brow_bottom"])
    fill(canvas, np.concatenate([top, bottom[::-1]]), appearance.brow)
    hairs = np.stack([bottom[1:-1:3], top[2::3][: len(bottom[1:-1:3])]], axis=1)
    for hair in hairs:
        line(canvas, hair, mix(appearance.brow, _DARK, 0.3), 0.01 * face.unit)


def paint_nose(canvas: Canvas, face: PosedFace, appearance: Appearance) -> None:
    """Nostrils, the wings' edges and the shadow beneath the tip."""
    wide, base, unit = face.identity.nose_width, face.identity.nose_base, face.unit
    placed = face.at(_NOSE * [wide, 1] + [0, base])
    wings, holes = placed[:8].reshape(2, 4, 2), placed[8:].reshape(2, 16, 2)
    for side, wing, hole in zip((-1, 1), wings, holes, strict=True):
        if face.turned * side > -0.35:
            line(canvas, smooth(wing), mix(appearance.skin, _DARK, 0.38), 0.016 * unit)
        fill(canvas, hole, mix(appearance.skin, _DARK, 0.72))
    line(canvas, smooth(face.curves["nose_base"]), mix(appearance.skin, _DARK, 0.28), 0.014 * unit)


def paint_mouth(canvas: Canvas, face: PosedFace, appearance: Appearance) -> None:
    """Lips, the opening between them, the upper teeth."""
    curves, unit = face.curves, face.unit
    top, bottom = smooth(curves["outer_lip_top"], 3), smooth(curves["outer_lip_bottom"], 3)
    inner_top, inner_bottom = smooth(curves["inner_lip_top"]), smooth(curves["inner_lip_bottom"])
    fill(canvas, np.concatenate([top, bottom[1:-1]]), appearance.lips)
    upper_lip = np.concatenate([top, inner_top[::-1]])
    fill(canvas, upper_lip, mix(appearance.lips, _DARK, 0.16))
    fill(canvas, np.concatenate([inner_top, inner_bottom[1:-1]]), _CAVITY)
    gap = float(np.linalg.norm(inner_bottom[8] - inner_top[8]))
    if gap > 0.05 * unit:
        reach = min(0.75, 0.11 * unit / gap)
        edge = inner_top + reach * (inner_bottom[::-1] - inner_top)
        fill(canvas, np.concatenate([inner_top, edge[::-1]]), _TEETH)
        if gap > 0.22 * unit:
            tongue = inner_bottom + 0.35 * (inner_top[::-1] - inner_bottom)
            fill(canvas, np.concatenate([inner_bottom[3:-3], tongue[3:-3][::-1]]), (176, 84, 84))
    else:
        line(canvas, inner_top, mix(appearance.lips, _DARK, 0.7), 0.018 * unit)


def _paint_ball(
    ball: Canvas, face: PosedFace, appearance: Appearance, side: str, origin: NDArray[np.int_]
) -> None:
    """The eyeball, drawn as if there were no lids, in a patch whose first pixel is ``origin``."""
    ball[:] = (236, 232, 228)
    center = face.curves[f"{side}_pupil"][0] - origin
    disc = _DISC @ (face.unit * face.projection.rotation[:2, :2].T)
    upper = face.curves[f"{side}_upper_lid"] - origin
    line(ball, upper, (150, 140, 140), 0.07 * face.unit)
    fill(ball, center + 0.093 * disc, mix(appearance.iris, _DARK, 0.55))
    fill(ball, center + 0.078 * disc, appearance.iris)
    fill(ball, center + 0.036 * disc, (10, 8, 8))
    glint = (round(center[0] - 0.03 * face.unit), round(center[1] - 0.03 * face.unit))
    cv2.circle(ball, glint, max(1, round(0.016 * face.unit)), (255, 255, 255), -1, cv2.LINE_AA)
