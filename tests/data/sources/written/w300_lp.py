"""300W-LP: views of photos, and their landmarks in a folder apart."""

from pathlib import Path

import numpy as np
from PIL import Image
from scipy.io import savemat

from facealign.data.synthetic import draw_face

LANDMARKS = "ibug68"


def write(root: Path, faces: int = 4) -> None:
    """Half of the faces in AFW, two views of each photo; half in IBUG; a mirrored copy that is passed over."""
    for number in range(faces // 2):
        put_view(root, "AFW", f"AFW_{number // 2}_1_{number % 2}", number)
        put_view(root, "IBUG", f"IBUG_image_{number:03d}_1_0", 10 + number)
    put_view(root, "AFW_Flip", "AFW_0_1_0", 20)


def put_view(root: Path, part: str, name: str, number: int) -> None:
    """An image, and its landmarks: ``pts_3d`` lie 2 px to the right of ``pts_2d``."""
    face = draw_face(0, number, "ibug68", 64)
    (root / part).mkdir(parents=True, exist_ok=True)
    (root / "landmarks" / part).mkdir(parents=True, exist_ok=True)
    Image.fromarray(face.image).save(root / part / f"{name}.jpg")
    points = face.points + 1.0
    savemat(root / f"landmarks/{part}/{name}_pts.mat", {"pts_2d": points, "pts_3d": points + np.array([2.0, 0.0])})
