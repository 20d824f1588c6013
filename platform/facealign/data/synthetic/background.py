"""The background of a synthetic face: a smooth field of colors with stripes, blobs or boards."""

import cv2
import numpy as np

from facealign.data.synthetic.canvas import Canvas, Color, fill, mix
from facealign.data.synthetic.chances import Chances
from facealign.data.synthetic.texture import cut, roughen


def sample_color(chances: Chances, low: float = 20, high: float = 235) -> Color:
    """A muted color: its channels are drawn towards their mean."""
    channels = [chances.uniform(low, high) for _ in range(3)]
    gray = sum(channels) / 3
    return mix((channels[0], channels[1], channels[2]), (gray, gray, gray), 0.45)


def paint_background(size: int, chances: Chances) -> Canvas:
    """(size, size, 3) background."""
    knots = np.array([sample_color(chances) for _ in range(9)]).reshape(3, 3, 3)
    small = cv2.resize(np.rint(knots).astype(np.uint8), (64, 64), interpolation=cv2.INTER_LINEAR)
    canvas = np.asarray(cv2.resize(small, (size, size), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
    for _ in range(chances.integer(6)):
        _paint_thing(canvas, chances)
    roughen(canvas, cut("mottle", size, chances), chances.uniform(0.05, 0.8))
    return canvas


def _paint_thing(canvas: Canvas, chances: Chances) -> None:
    size = len(canvas)
    color = sample_color(chances)
    x, y = chances.uniform(0, size), chances.uniform(0, size)
    kind = chances.integer(3)
    if kind == 0:  # a blob
        axes = (round(chances.uniform(0.04, 0.25) * size), round(chances.uniform(0.04, 0.25) * size))
        cv2.ellipse(canvas, (round(x), round(y)), axes, chances.uniform(0, 180), 0, 360, color, -1, cv2.LINE_AA)
    elif kind == 1:  # a board or window frame
        wide, high = chances.uniform(0.03, 0.4) * size, chances.uniform(0.1, 0.7) * size
        fill(canvas, np.array([[x, y], [x + wide, y], [x + wide, y + high], [x, y + high]]), color)
    else:  # a stripe across the image
        angle, half = chances.uniform(0, np.pi), chances.uniform(0.01, 0.08) * size
        along = 2 * size * np.array([np.cos(angle), np.sin(angle)])
        across = half * np.array([-np.sin(angle), np.cos(angle)])
        middle = np.array([x, y])
        ends = [middle - along - across, middle + along - across, middle + along + across, middle - along + across]
        fill(canvas, np.array(ends), color)
