"""The camera: exposure curve, color cast, blur and grain."""

from dataclasses import dataclass

import cv2
import numpy as np

from facealign.data.synthetic.canvas import Canvas
from facealign.data.synthetic.chances import Chances
from facealign.data.synthetic.texture import cut, roughen

_SHARP = 0.4
"""Pixels of deviation below which a blur cannot be seen."""
_WIDE = 1.5
"""Pixels of deviation from which box blurs stand in for a Gaussian."""
_LEVELS = np.arange(256) / 255


@dataclass(frozen=True, kw_only=True)
class Camera:
    """A camera: exposure, blur, noise and compression of the image.

    Attributes:
        gamma: Below 1 lifts the shades, above 1 deepens them.
        cast: Factor on red, green and blue.
        blur: Standard deviation of the lens's blur, face units.
        motion: Length of the motion's smear, face units; 0 for none.
        upright: The motion is up and down rather than sideways.
        grain: Standard deviation of the sensor's noise, gray levels.
    """

    gamma: float
    cast: tuple[float, float, float]
    blur: float
    motion: float
    upright: bool
    grain: float


def sample_camera(chances: Chances) -> Camera:
    """Sharp and plain as a rule; one image in seven is blurred."""
    blurred = chances.happens(0.15)
    smeared = blurred and chances.happens(0.4)
    tint = 0.1 if chances.happens(0.15) else 0.03
    return Camera(
        gamma=chances.uniform(0.85, 1.2),
        cast=(1 + chances.normal(0, tint), 1.0, 1 + chances.normal(0, tint)),
        blur=chances.uniform(0.045, 0.1) if blurred and not smeared else chances.uniform(0.0, 0.012),
        motion=chances.uniform(0.15, 0.32) if smeared else 0.0,
        upright=chances.happens(0.5),
        grain=chances.uniform(0.5, 5.0),
    )


def take(canvas: Canvas, camera: Camera, unit: float, chances: Chances) -> Canvas:
    """The image (H, W, 3) as the camera takes it.

    Args:
        canvas: What is before the camera.
        camera: The camera.
        unit: Pixels for one face unit.
        chances: Where in its tile the grain is cut.
    """
    curve = 255 * np.clip(_LEVELS[:, None] ** camera.gamma * camera.cast, 0, 1)
    taken = cv2.LUT(canvas, np.rint(curve).astype(np.uint8).reshape(256, 1, 3))
    if camera.motion:
        length = 2 * round(camera.motion * unit / 2) + 1
        taken = cv2.blur(taken, (1, length) if camera.upright else (length, 1))
    taken = _blurred(taken, camera.blur * unit)
    roughen(taken, cut("grain", len(canvas), chances), camera.grain / 32)
    return taken


def _blurred(canvas: Canvas, deviation: float) -> Canvas:
    """A Gaussian blur; a wide one as three box blurs, whose cost does not grow with their width."""
    if deviation < _SHARP:
        return canvas
    if deviation < _WIDE:
        return np.asarray(cv2.GaussianBlur(canvas, (0, 0), deviation), dtype=np.uint8)
    width = 2 * round((np.sqrt(4 * deviation**2 + 1) - 1) / 2) + 1
    for _ in range(3):
        canvas = np.asarray(cv2.blur(canvas, (width, width)), dtype=np.uint8)
    return canvas
