"""Fixed tiles of noise, cut at random places: a face needs grain, and drawing fresh grain is slow."""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from facealign.data.synthetic.chances import Chances

Canvas = NDArray[np.uint8]

_SIDE = 512


@cache
def _tile(name: str) -> Canvas:
    """(512, 512, 3) noise about 128: ``grain`` is white, ``mottle`` is smooth, ``strands`` runs downwards."""
    key = {"grain": 1, "mottle": 2, "strands": 3}[name]
    generator = np.random.Generator(np.random.Philox(np.random.SeedSequence([7, key])))
    noise = generator.standard_normal((_SIDE, _SIDE, 3)).astype(np.float32)
    noise += 0.6 * (noise.mean(axis=2, keepdims=True) * 1.7 - noise)  # mostly of brightness, less of color
    if name == "mottle":
        noise = cv2.GaussianBlur(noise, (0, 0), 4) * 8 + cv2.GaussianBlur(noise, (0, 0), 14) * 20
    if name == "strands":
        strand = cv2.GaussianBlur(noise[..., 0], (0, 0), sigmaX=0.9, sigmaY=12) * 5
        noise = np.asarray(cv2.merge([strand, strand, strand]))
    return np.asarray(np.clip(np.rint(128 + 32 * noise), 0, 255), dtype=np.uint8)


def cut(name: str, size: int, chances: Chances) -> Canvas:
    """A random (size, size, 3) piece of a tile; an image larger than the tile gets a magnified piece."""
    side = min(size, _SIDE - 1)
    row, column = chances.integer(_SIDE - side), chances.integer(_SIDE - side)
    piece = _tile(name)[row : row + side, column : column + side]
    return piece if side == size else np.asarray(cv2.resize(piece, (size, size)), dtype=np.uint8)


def roughen(canvas: Canvas, piece: Canvas, strength: float) -> None:
    """Add ``strength`` times the noise to the image, in place."""
    cv2.addWeighted(canvas, 1.0, piece, strength, -128 * strength, dst=canvas)
