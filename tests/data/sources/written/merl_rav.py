"""MERL-RAV as its own script sorts it; all five poses if there are faces enough."""

from pathlib import Path

from data.sources.written.made import Made, make, save

LANDMARKS = "ibug68"
POSES = ("frontal", "left", "lefthalf", "right", "righthalf")


def write(root: Path, faces: int = 4) -> None:
    """Test faces have even numbers, training faces odd ones; two are of one photo.

    The last landmark of the jaw is hidden by the face.
    """
    for number in range(faces):
        stem = folder(number) / f"image{number // 4 * 2 + number % 2:05d}_{number // 2 % 2 + 1}"
        face = make(number, 68)
        save(root / f"{stem}.jpg", face)
        (root / f"{stem}.pts").write_text(pts(face), encoding="ascii")


def folder(number: int) -> Path:
    """Where a face is put."""
    return Path(POSES[number // 2 % 5]) / ("trainset" if number % 2 else "testset")


def pts(face: Made) -> str:
    """Hidden ones with both signs turned, 1-based; the closing brace ends the file, as in the publishers' own."""
    signs = [-1 if hidden else 1 for hidden in face.hidden]
    lines = [f"{s * (x + 1):.4f} {s * (y + 1):.4f}" for s, (x, y) in zip(signs, face.points, strict=True)]
    lines[16] = "-1 -1"
    return "version: 1\nn_points:  68\n{\n" + "\n".join(lines) + "\n}"
