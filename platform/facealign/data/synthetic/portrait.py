"""The whole picture of one face, before anything is put in front of it: albedo times shade."""

import cv2
import numpy as np
from numpy.typing import NDArray

from facealign.data.synthetic.appearance import Light, Look
from facealign.data.synthetic.canvas import Picture, blend, fill, line, mix, smooth
from facealign.data.synthetic.chances import Chances
from facealign.data.synthetic.face import Face
from facealign.data.synthetic.features import paint_brow, paint_eye, paint_mouth, paint_nose
from facealign.data.synthetic.head import paint_behind, paint_front_hair, paint_skin
from facealign.data.synthetic.shading import HALF_SIZE, lit, screen, shade_head, soften
from facealign.data.synthetic.shadows import paint_shadows
from facealign.data.synthetic.texture import cut
from facealign.geometry import affine

Array = NDArray[np.float64]


def paint_portrait(background: Picture, face: Face, look: Look, light: Light, chances: Chances) -> Picture:
    """The face before its background, (size, size, 3); ``background`` is drawn over."""
    size = len(background)
    albedo, shades = background, screen(light, size)
    paint_behind(albedo, shades, face, look)
    shade_head(shades, face.surface, face.view, light)
    paint_skin(albedo, face, look)
    _paint_beard(albedo, face, look)
    _paint_freckles(albedo, face, look, chances)
    paint_shadows(shades, face, look)
    for side in ("right", "left"):
        paint_eye(albedo, face, look, side)
        paint_brow(albedo, face, look, side)
    paint_mouth(albedo, face, look)
    _cover_with_nose(albedo, face, look)
    paint_nose(albedo, face, look)
    paint_front_hair(albedo, face, look)
    _comb(albedo, look, chances)
    soft = soften(shades, face.unit, cut("mottle", size // 2, chances))
    return lit(albedo, soft, light.exposure)


def _paint_beard(picture: Picture, face: Face, look: Look) -> None:
    """A beard along the jaw and over the upper lip, as thick as ``look.beard``."""
    if not look.beard:
        return
    color = mix(look.skin, mix(look.hair, (20, 16, 14), 0.3), 0.75 * look.beard)
    contour, mouth = face.curves["contour"], face.curves["outer_lip_top"]
    middle = mouth[3] + 0.5 * (face.curves["nose_base"][2] - mouth[3])
    inner = contour[7:26] + (middle - contour[7:26]) * np.linspace(-1, 1, 19)[:, None] ** 4 * 0.35
    lip = np.stack([mouth[6], face.curves["nose_base"][4], middle, face.curves["nose_base"][0], mouth[0]])
    lip[[1, 3]] += 0.45 * (mouth[[5, 1]] - lip[[1, 3]])
    mask = np.zeros((len(picture) // 2, len(picture) // 2), np.uint8)
    hairy = np.concatenate([contour[6:8], inner[1:-1], contour[25:27], lip])
    fill(mask, affine.apply(HALF_SIZE, hairy), (255, 255, 255))
    width = 2 * round(0.04 * face.unit) + 1
    mask = np.asarray(cv2.resize(cv2.blur(mask, (width, width)), None, fx=2, fy=2), dtype=np.uint8)
    blend(picture, np.full_like(picture, color), cv2.bitwise_and(mask, _inside(face, len(picture))))


def _inside(face: Face, size: int) -> Picture:
    """(size, size) mask of the head."""
    mask = np.zeros((size, size), np.uint8)
    fill(mask, face.outline.head, (255, 255, 255))
    return mask


def _paint_freckles(picture: Picture, face: Face, look: Look, chances: Chances) -> None:
    color = mix(look.skin, (110, 56, 30), 0.35)
    spots = [(chances.uniform(-0.62, 0.62), chances.uniform(0.22, 0.62)) for _ in range(look.freckles)]
    if spots:
        for x, y in np.rint(face.at(np.array(spots)) * 16).astype(int).tolist():
            cv2.circle(picture, (x, y), round(0.011 * face.unit * 16) + 8, color, -1, cv2.LINE_AA, 4)


def _cover_with_nose(picture: Picture, face: Face, look: Look) -> None:
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
    fill(picture, np.concatenate([edge, places[::-1, 0]]), look.skin)
    line(picture, smooth(edge[2:], 2), mix(look.skin, (30, 14, 10), 0.25), 0.014 * face.unit)


def _comb(picture: Picture, look: Look, chances: Chances) -> None:
    """Strands over whatever has exactly the hair's color."""
    if look.bald:
        return
    strands = cut("strands", len(picture), chances)
    exact = tuple(round(channel) for channel in look.hair)
    combed = cv2.addWeighted(picture, 1.0, strands, 0.45, -128 * 0.45 - 4)
    cv2.copyTo(combed, cv2.inRange(picture, exact, exact), picture)
