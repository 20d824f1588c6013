"""COFW's two files; every third image is gray."""

from pathlib import Path

import numpy as np

from data.sources.written.made import Made, make
from data.sources.written.mat73 import write_mat73

LANDMARKS = "cofw29"
KEYS = {"test": ("IsT", "phisT", "bboxesT"), "train": ("IsTr", "phisTr", "bboxesTr")}


def write(root: Path, faces: int = 4) -> None:
    """Test faces have even numbers, training faces odd ones."""
    root.mkdir(parents=True, exist_ok=True)
    for fold, first in (("test", 0), ("train", 1)):
        write_fold(root, fold, range(first, faces, 2))


def write_fold(root: Path, fold: str, numbers: range) -> None:
    """One of the two files."""
    pictures, phis, boxes = KEYS[fold]
    made = [make(number, 29) for number in numbers]
    write_mat73(
        root / f"COFW_{fold}_color.mat",
        {phis: np.stack([row(face) for face in made]), boxes: np.stack([box(face) for face in made])},
        {pictures: [picture(number) for number in numbers]},
    )


def row(face: Made) -> np.ndarray:
    """29 x, 29 y, 29 × hidden; 1-based."""
    return np.concatenate([face.points[:, 0] + 1, face.points[:, 1] + 1, face.hidden])


def box(face: Made) -> np.ndarray:
    """x, y, width, height; 1-based."""
    x0, y0, x1, y1 = face.box
    return np.array([x0 + 1, y0 + 1, x1 - x0, y1 - y0])


def picture(number: int) -> np.ndarray:
    """H × W × 3, or H × W for every third."""
    image = make(number, 29).image
    return image[..., 0] if number % 3 == 2 else image
