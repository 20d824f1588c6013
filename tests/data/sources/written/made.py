"""Small made-up faces for the writers of data sets whose landmarks are their own: an image that is not square."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image


class Made(NamedTuple):
    """Image (H, W, 3), landmarks (N, 2) in 0-based pixels, which are hidden (N,), box (x0, y0, x1, y1)."""

    image: np.ndarray
    points: np.ndarray
    hidden: np.ndarray
    box: np.ndarray


def make(number: int, landmarks: int) -> Made:
    """The same for the same number, on every machine."""
    rng = np.random.default_rng(number)
    width, height = 48 + number % 5, 40
    points = rng.uniform((2, 2), (width - 3, height - 3), (landmarks, 2)).round(4)
    return Made(
        image=rng.integers(0, 256, (height, width, 3), dtype=np.uint8),
        points=points,
        hidden=rng.uniform(size=landmarks) < 0.3,
        box=np.concatenate([np.floor(points.min(axis=0)), np.ceil(points.max(axis=0))]),
    )


def save(path: Path, made: Made) -> None:
    """Without loss, whatever the name ends with: it is the content that decides."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(made.image).save(path, "PNG")
