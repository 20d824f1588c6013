"""Tables as HRNet's code reads them."""

from pathlib import Path

from data.sources.written.drawn_faces import Written, put_faces

LANDMARKS = "wflw98"
FILES = {"train": "face_landmarks_300w_train.csv", "test": "face_landmarks_300w_valid_common.csv"}


def write(root: Path, faces: int = 4) -> None:
    """A complete small data set; the test tables are two, one with AFLW's column more and counting from 1."""
    drawn = put_faces(root / "images", faces, LANDMARKS)
    size = len(drawn[0].points)
    _put(root / FILES["train"], header(size), drawn[1::2])
    _put(root / FILES["test"], header(size), drawn[:2:2])
    _put(root / "face_landmarks_300w_valid_challenge.csv", header(size, first=1, box=True), drawn[2::2], box=True)


def header(size: int, first: int = 0, box: bool = False) -> str:
    """The names of the columns."""
    points = [f"original_{k}_{axis}" for k in range(first, first + size) for axis in "xy"]
    return ",".join(["image_name", "scale", *(["box_size"] if box else []), "center_w", "center_h", *points])


def line(face: Written, box: bool = False) -> str:
    """A face's row."""
    low, high = face.points.min(axis=0), face.points.max(axis=0)
    scale = max(high - low) / 200
    values = [scale, *([200 * scale] if box else []), *(low + high) / 2, *face.points.ravel()]
    return ",".join([face.name, *(f"{value:.6g}" for value in values)])


def _put(path: Path, columns: str, faces: list[Written], box: bool = False) -> None:
    path.write_text("\r\n".join([columns, *(line(face, box) for face in faces)]) + "\r\n", encoding="utf-8")
