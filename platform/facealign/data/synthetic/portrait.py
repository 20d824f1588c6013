"""The whole image of one face, before anything is put in front of it: albedo times shade."""

import cv2
import numpy as np
from numpy.typing import NDArray

from facealign.data.synthetic.appearance import Appearance, Light
from facealign.data.synthetic.canvas import Canvas, blend, fill, line, mix, smooth
from facealign.data.synthetic.chances import Chances
from facealign.data.synthetic.face import PosedFace
from facealign.data.synthetic.features import paint_brow, paint_eye, paint_mouth, paint_nose
from facealign.data.synthetic.head import paint_behind, paint_front_hair, paint_skin
from facealign.data.synthetic.shading import HALF_SIZE, lit, screen, shade_head, soften
from facealign.data.synthetic.shadows import paint_shadows
from facealign.data.synthetic.texture import cut
from facealign.geometry import affine

Array = NDArray[np.float64]


def paint_portrait(
    background: Canvas, face: PosedFace, appearance: Appearance, light: Light, chances: Chances
) -> Canvas:
    """The face before its background, (size, size, 3); ``background`` is drawn over."""
    size = len(background)
    albedo, shades = background, screen(light, size)
    paint_behind(albedo, shades, face, appearance)
    shade_head(shades, face.surface, face.projection, light)
    paint_skin(albedo, face, appearance)
    _paint_beard(albedo, face, appearance)
    _paint_freckles(albedo, face, appearance, chances)
    paint_shadows(shades, face, appearance)
    for side in ("right", "left"):
        paint_eye(albedo, face, appearance, side)
        paint_brow(albedo, face, appearance, side)
    paint_mouth(albedo, face, appearance)
    _cover_with_nose(albedo, face, appearance)
    paint_nose(albedo, face, appearance)
    paint_front_hair(albedo, face, appearance)
    _comb(albedo, appearance, chances)
    soft = soften(shades, face.unit, cut("mottle", size // 2, chances))
    return lit(albedo, soft, light.exposure)


def _paint_beard(canvas: Canvas, face: PosedFace, appearance: Appearance) -> None:
    """A beard along the jaw and over the upper lip, as thick as ``look.beard``."""
    if not appearance.beard:
        return
    color = mix(appearance.skin, mix(appearance.hair, (20, 16, 14), 0.3), 0.75 * appearance.beard)
    contour, mouth = face.curves["contour"], face.curves["outer_lip_top"]
    middle = mouth[3] + 0.5 * (face.curves["nose_base"][2] - mouth[3])
    inner = contour[7:26] + (middle - contour[7:26]) * np.linspace(-1, 1, 19)[:, None] ** 4 * 0.35
    lip = np.stack([mouth[6], face.curves["nose_base"][4], middle, face.curves["nose_base"][0], mouth[0]])
    lip[[1, 3]] += 0.45 * (mouth[[5, 1]] - lip[[1, 3]])
    mask = np.zeros((len(canvas) // 2, len(canvas) // 2), np.uint8)
    hairy = np.concatenate([contour[6:8], inner[1:-1], contour[25:27], lip])
    fill(mask, affine.apply(HALF_SIZE, hairy), (255, 255, 255))
    width = 2 * round(0.04 * face.unit) + 1
    mask = np.asarray(cv2.resize(cv2.blur(mask, (width, width)), None, fx=2, fy=2), dtype=np.uint8)
    blend(canvas, np.full_like(canvas, color), cv2.bitwise_and(mask, _inside(face, len(canvas))))


def _inside(face: PosedFace, size: int) -> Canvas:
    """(size, size) mask of the head."""
    mask = np.zeros((size, size), np.uint8)
    fill(mask, face.outline.head, (255, 255, 255))
    return mask


def _paint_freckles(canvas: Canvas, face: PosedFace, appearance: Appearance, chances: Chances) -> None:
    color = mix(appearance.skin, (110, 56, 30), 0.35)
    spots = [(chances.uniform(-0.62, 0.62), chances.uniform(0.22, 0.62)) for _ in range(appearance.freckles)]
    if spots:
        for x, y in np.rint(face.at(np.array(spots)) * 16).astype(int).tolist():
            cv2.circle(canvas, (x, y), round(0.011 * face.unit * 16) + 8, color, -1, cv2.LINE_AA, 4)


def _cover_with_nose(canvas: Canvas, face: PosedFace, appearance: Appearance) -> None:
    """Where the head is turned, the nose stands before the far eye and cheek."""
    if abs(face.turned) < 0.25:
        return
    far = -1 if face.turned > 0 else 1
    person = face.identity
    y = np.repeat(np.linspace(0.02, person.nose_base + 0.01, 9), 10)
    x = far * np.tile(np.linspace(0, 1.1 * person.nose_width, 10), 9)
    places = face.at(np.column_stack([x, y])).reshape(9, 10, 2)
    reach = far * (places @ face.across)
    edge = places[np.arange(9), reach.argmax(axis=1)]
    fill(canvas, np.concatenate([edge, places[::-1, 0]]), appearance.skin)
    line(canvas, smooth(edge[2:], 2), mix(appearance.skin, (30, 14, 10), 0.25), 0.014 * face.unit)


def _comb(canvas: Canvas, appearance: Appearance, chances: Chances) -> None:
    """Strands over whatever has exactly the hair's color."""
    if appearance.bald:
        return
    strands = cut("strands", len(canvas), chances)
    exact = tuple(round(channel) for channel in appearance.hair)
    combed = cv2.addWeighted(canvas, 1.0, strands, 0.45, -128 * 0.45 - 4)
    cv2.copyTo(combed, cv2.inRange(canvas, exact, exact), canvas)
