"""``train.csv`` and ``test.csv`` with every column that there can be."""

from pathlib import Path

import numpy as np

from data.sources.written.drawn_faces import Written, put_faces

LANDMARKS = "ibug68"


def write(root: Path, faces: int = 4) -> None:
    """A complete small data set; the last landmark of each face is unknown."""
    drawn = put_faces(root / "photos", faces, LANDMARKS)
    for fold, part in (("train", drawn[1::2]), ("test", drawn[::2])):
        lines = [header(len(drawn[0].points)), *(line(face) for face in part)]
        (root / f"{fold}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def header(size: int) -> str:
    """The names of the columns."""
    points = [f"{axis}_{k}" for k in range(size) for axis in "xy"]
    visible = [f"visible_{k}" for k in range(size)]
    return ",".join(
        ["image", *points, *visible, "box_x0", "box_y0", "box_x1", "box_y1", "subset", "attribute_blur", "_note"]
    )


def line(face: Written) -> str:
    """A face's row."""
    points = [f"{value:.3f}" for value in face.points[:-1].ravel()] + ["", ""]
    visible = [str(int(value)) for value in face.visible]
    low, high = np.floor(face.points.min(axis=0)), np.ceil(face.points.max(axis=0))
    return ",".join(["photos/" + face.name, *points, *visible, *map(str, (*low, *high)), "drawn", "1", '"a, b"'])
