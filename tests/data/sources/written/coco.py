"""JSON as COCO's keypoint files and mmpose's files for faces."""

import json
from pathlib import Path
from typing import Any

from data.sources.written.drawn_faces import Written, put_faces

LANDMARKS = "ibug68"


def write(root: Path, faces: int = 4) -> None:
    """A complete small data set; each file's first image has a second face, and a crowd that is none."""
    drawn = put_faces(root / "images", faces, LANDMARKS)
    (root / "annotations").mkdir()
    for fold, part in (("train", drawn[1::2]), ("test", drawn[::2])):
        (root / f"annotations/{fold}.json").write_text(json.dumps(tree(part)), encoding="utf-8")


def tree(faces: list[Written]) -> dict[str, Any]:
    """The file of these faces."""
    images = [{"id": 7 + i, "file_name": face.name, "height": 64, "width": 64} for i, face in enumerate(faces)]
    annotations = [annotation(i, 7 + i, face) for i, face in enumerate(faces)]
    annotations += [annotation(len(faces), 7, faces[0])]
    annotations += [{"id": 99, "image_id": 7, "iscrowd": 1, "keypoints": [], "category_id": 1}]
    names = [f"landmark {k}" for k in range(len(faces[0].points))]
    categories = [{"id": 1, "name": "face", "keypoints": names, "skeleton": []}]
    return {"images": images, "annotations": annotations, "categories": categories}


def annotation(number: int, image: int, face: Written) -> dict[str, Any]:
    """A face; its last landmark is unknown."""
    points, visible = face.points.tolist(), face.visible.tolist()
    keypoints = [value for (x, y), seen in zip(points, visible, strict=True) for value in (x, y, 1 + seen)]
    keypoints[-3:] = [0, 0, 0]
    (x0, y0), (x1, y1) = face.points.min(axis=0).tolist(), face.points.max(axis=0).tolist()
    return {
        "id": number,
        "image_id": image,
        "category_id": 1,
        "iscrowd": 0,
        "keypoints": keypoints,
        "num_keypoints": len(points) - 1,
        "bbox": [x0, y0, x1 - x0, y1 - y0],
        "center": [(x0 + x1) / 2, (y0 + y1) / 2],
        "scale": max(x1 - x0, y1 - y0) / 200,
    }
