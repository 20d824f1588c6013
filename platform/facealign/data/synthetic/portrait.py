"""The whole picture of one face, before anything is put in front of it: albedo times shade."""

import cv2
import numpy as np
from numpy.typing import NDArray

from facealign.data.synthetic.canvas import Picture, fill, line, mix
from facealign.data.synthetic.chances import Chances
from facealign.data.synthetic.face import Face
from facealign.data.synthetic.features import paint_brow, paint_eye, paint_mouth, paint_nose
from facealign.data.synthetic.head import paint_behind, paint_front_hair, paint_skin, strands_mask
from facealign.data.synthetic.look import Light, Look
from facealign.data.synthetic.shading import lit, shade, soften
from facealign.data.synthetic.texture import cut, roughen

Array = NDArray[np.float64]


def paint_portrait(background: Picture, face: Face, look: Look, light: Light, chances: Chances) -> Picture:
    """(size, size, 3) picture of the face before its background; ``background`` is drawn over."""
    size = len(background)
    shades = shade(face.surface, face.view, light, size)
    albedo = background
    paint_behind(albedo, shades, face, look)
    paint_skin(albedo, shades, face, look)
    _paint_beard(albedo, face, look)
    _paint_freckles(albedo, face, look, chances)
    _shade_folds(shades, face, look)
    for side in ("right", "left"):
        paint_eye(albedo, face, look, side)
        paint_brow(albedo, face, look, side)
    paint_mouth(albedo, face, look)
    _cover_with_nose(albedo, face, look)
    paint_nose(albedo, face, look)
    paint_front_hair(albedo, face, look)
    hair = cut("strands", size, chances)
    cv2.add(albedo, np.zeros_like(albedo), dst=albedo)
    roughen(albedo, cut("mottle", size, chances), 0.12)
    _ = hair
    return lit(albedo, soften(shades, face.unit), light.exposure)
