"""Face Synthetics: images, 70 points each, and segmentations that landmarks do not need."""

from pathlib import Path

import numpy as np
from PIL import Image

from facealign.data.synthetic import draw_face

LANDMARKS = "ibug70"


def write(root: Path, faces: int = 4) -> None:
    """Every other face has a number of 200 or more."""
    root.mkdir(parents=True, exist_ok=True)
    for number in range(faces):
        name = f"{number // 2 + 200 * (number % 2):06d}"
        face = draw_face(0, number, "ibug68", 64)
        Image.fromarray(face.image).save(root / f"{name}.png")
        Image.fromarray(face.image[..., 0]).save(root / f"{name}_seg.png")
        text = "\n".join(f"{x:.3f} {y:.3f}" for x, y in points_70(face.points) + 0.5)
        (root / f"{name}_ldmks.txt").write_text(text + "\n", encoding="ascii")


def points_70(points_N2: np.ndarray) -> np.ndarray:
    """iBUG's 68 and the eyes' centers, right and left."""
    return np.vstack([points_N2, points_N2[36:42].mean(axis=0), points_N2[42:48].mean(axis=0)])
