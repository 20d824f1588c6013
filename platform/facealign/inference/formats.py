"""Faces as text: JSON, CSV and iBUG's .pts."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from facealign.inference.face import Face

_DECIMALS = 3
"""A thousandth of a pixel; networks know hundredths at the most."""


@dataclass(frozen=True)
class ImageFaces:
    """The faces of one image.

    Attributes:
        photo: Its name; of a frame, its number in the video.
        faces: With their numbers: within the photo from 0, within the video by track.
    """

    photo: str
    faces: Sequence[tuple[int, Face]]


def as_json(findings: Sequence[ImageFaces], model: Mapping[str, Any]) -> str:
    """The model, and of each image its faces; coordinates 0-based."""
    image_files = [
        {
            "photo": finding.photo,
            "faces": [
                {"face": number, "box": _rounded(face.box), "landmarks": _rounded(face.landmarks)}
                for number, face in finding.faces
            ],
        }
        for finding in findings
    ]
    lines = ",\n".join(json.dumps(picture, ensure_ascii=False) for picture in image_files)
    return f'{{"model": {json.dumps(model)},\n"photos": [\n{lines}\n]}}\n'


def as_csv(findings: Sequence[ImageFaces], landmarks: int) -> str:
    """A row for each face: photo, face, box, then x0, y0, x1, y1 … of its landmarks; 0-based."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = [f"{axis}{i}" for i in range(landmarks) for axis in "xy"]
    writer.writerow(["photo", "face", "box_x0", "box_y0", "box_x1", "box_y1", *columns])
    for finding in findings:
        for number, face in finding.faces:
            flat = [*face.box.tolist(), *face.landmarks.ravel().tolist()]
            writer.writerow([finding.photo, number, *(f"{value:.{_DECIMALS}f}" for value in flat)])
    return text.getvalue()


def as_pts(face: Face) -> str:
    """One face as iBUG writes it: coordinates 1-based."""
    rows = "".join(f"{x + 1:.{_DECIMALS}f} {y + 1:.{_DECIMALS}f}\n" for x, y in face.landmarks)
    return f"version: 1\nn_points: {len(face.landmarks)}\n{{\n{rows}}}\n"


def _rounded(numbers: Any) -> Any:
    return numbers.round(_DECIMALS).tolist()
