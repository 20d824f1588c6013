"""Faces found on a whole photo, by the cascade that OpenCV's packages up to version 4 hold.

Viola and Jones, "Rapid Object Detection using a Boosted Cascade of Simple Features" (CVPR 2001), as trained by
Lienhart for OpenCV (``haarcascade_frontalface_alt2.xml``). It finds upright faces that look at the camera, on one
core, with nothing to download; it misses profiles and what is turned by more than about 20°. For those, boxes of a
better detector can be given.
"""

import os
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from facealign.config import UserError
from facealign.data.images import Image8
from facealign.geometry import affine
from facealign.inference.detector_box import box_rule
from facealign.inference.face import map_box

Find = Callable[[Image8], NDArray[np.float64]]
"""(H, W, 3) uint8 RGB → (F, 4) boxes."""

_CASCADE = "haarcascade_frontalface_alt2.xml"
_LONGEST = 640
"""Side of the image that is searched, px: a face has to be a twentieth of the photo, whatever the camera."""
_SMALLEST = 24
_STEP, _NEIGHBORS = 1.1, 3


def detector_for(schema: str) -> Find:
    """The cascade, with its squares turned into boxes of the landmarks of ``schema``.

    Raises:
        UserError: This OpenCV has no cascade, or it is not measured for such landmarks.
    """
    rule = box_rule(schema)
    squares = cascade()
    return lambda image: rule.landmark_boxes(squares(image))


def cascade() -> Find:
    """The cascade itself: (F, 4) squares about the features of faces.

    Raises:
        UserError: This OpenCV has none.
    """
    path = os.path.join(os.path.dirname(cv2.__file__), "data", _CASCADE)
    if not hasattr(cv2, "CascadeClassifier") or not os.path.isfile(path):
        raise UserError(
            f"OpenCV {cv2.__version__} holds no face detector; install one of version 4 (pip install "
            "'opencv-python-headless<5'), or give the boxes of the faces"
        )
    classifier = cv2.CascadeClassifier(path)

    def find(image: Image8) -> NDArray[np.float64]:
        gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        factor = min(1.0, _LONGEST / max(gray.shape))
        if factor < 1:
            gray = cv2.resize(gray, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        found = classifier.detectMultiScale(gray, _STEP, _NEIGHBORS, minSize=(_SMALLEST, _SMALLEST))
        back = affine.resize(1 / factor)
        squares = [map_box(back, np.array([x, y, x + w - 1.0, y + h - 1.0])) for x, y, w, h in found]
        return np.array(squares).reshape(-1, 4)

    return find
