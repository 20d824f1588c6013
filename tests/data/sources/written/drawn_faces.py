"""Small drawn images with landmarks, for the writers of data sets."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from facealign.data.synthetic import draw_face


class Written(NamedTuple):
    """An image on disk, its landmarks (N, 2) in 0-based pixels, and their visibility."""

    name: str
    points: np.ndarray
    visible: np.ndarray


def put_faces(folder: Path, faces: int, schema: str, size: int = 64) -> list[Written]:
    """Draw ``faces`` images into ``folder``, in two folders below it."""
    written = []
    for number in range(faces):
        face = draw_face(0, number, schema, size)
        name = f"{'ab'[number % 2]}/{number:03d}.png"
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(face.image).save(folder / name)
        written.append(Written(name, face.points.round(3), face.visible))
    return written
