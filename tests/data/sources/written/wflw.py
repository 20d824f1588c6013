"""WFLW's two folders; the faces of one fold are two to a photo."""

from pathlib import Path

from data.sources.written.made import Made, make, save
from facealign.data.record import WFLW_ATTRIBUTES

LANDMARKS = "wflw98"
FOLDER = "WFLW_annotations/list_98pt_rect_attr_train_test"
ATTRIBUTES = (0, 1, 0, 0, 1, 0)


def write(root: Path, faces: int = 4) -> None:
    """Test faces have even numbers, training faces odd ones."""
    (root / FOLDER).mkdir(parents=True)
    for fold, first in (("test", 0), ("train", 1)):
        lines = []
        for number in range(first, faces, 2):
            name = f"0--{fold}/0_{fold}_{number // 4}.jpg"
            save(root / "WFLW_images" / name, make(0, 98))
            lines.append(line(make(number, 98), name))
        (root / FOLDER / f"list_98pt_rect_attr_{fold}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def line(face: Made, name: str, attributes: tuple[int, ...] = ATTRIBUTES) -> str:
    """A row of 207 fields."""
    assert len(attributes) == len(WFLW_ATTRIBUTES)
    points = " ".join(f"{value:.6f}" for value in face.points.ravel())
    box = " ".join(str(int(value)) for value in face.box)
    return f"{points} {box} {' '.join(map(str, attributes))} {name}"
