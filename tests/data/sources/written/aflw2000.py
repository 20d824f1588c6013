"""AFLW2000-3D: images, each with a .mat of version 5. It has no training fold."""

from pathlib import Path

import numpy as np
from PIL import Image
from scipy.io import savemat

from facealign.data.synthetic import draw_face

LANDMARKS = "ibug68"
YAWS = (-70.0, -20.0, 0.0, 45.0)
"""Degrees, of the faces in turn."""


def write(root: Path, faces: int = 4) -> None:
    """AFLW's annotators saw the right outer eye corner (its landmark 6) of every other face."""
    root.mkdir(parents=True, exist_ok=True)
    for number in range(faces):
        face = draw_face(0, number, "ibug68", 64)
        Image.fromarray(face.image).save(root / f"image{number:05d}.jpg")
        savemat(root / f"image{number:05d}.mat", variables(face.points, YAWS[number % 4], number % 2 == 0))


def variables(points_N2: np.ndarray, yaw: float, sees_eye: bool) -> dict[str, np.ndarray]:
    """What a file holds, of the types it has."""
    pt2d = np.full((2, 21), 7.5)
    if not sees_eye:
        pt2d[:, 6] = -1
    pose = np.zeros((1, 7), dtype=np.float32)
    pose[0, 1] = np.radians(yaw)
    depth = np.linspace(-1, 1, 68)[None]
    return {
        "pt3d_68": np.vstack([points_N2.T + 1.0, depth]).astype(np.float32),
        "pt2d": pt2d,
        "Pose_Para": pose,
        "roi": np.array([[-10, 20, 54, 84]], dtype=np.int16),
        "Shape_Para": np.zeros((199, 1)),
    }
