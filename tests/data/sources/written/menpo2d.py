"""Menpo 2D: semi-frontal and profile faces, mixed for training, in folders of their own for testing."""

from pathlib import Path

from PIL import Image

from data.sources.written.pts_files import pts_text, put_face
from facealign.data.synthetic import draw_face

LANDMARKS = "ibug68"


def write(root: Path, faces: int = 4) -> None:
    """Of each kind ``faces``; one test image has no annotation, as in the archive."""
    for number in range(faces // 2):
        put_face(root, f"trainset/semi_{number:03d}", number, ".jpg")
        put_profile(root, f"trainset/profile_{number:03d}", 10 + number)
        put_face(root, f"testset/semifrontal/semi_{number:03d}", 20 + number, ".jpg")
        put_profile(root, f"testset/profile/profile_{number:03d}", 30 + number)
    Image.new("RGB", (64, 64)).save(root / "testset/semifrontal/without.jpg")


def put_profile(root: Path, stem: str, number: int) -> None:
    """An image with 39 points. They are those of a frontal face: enough for a format."""
    face = draw_face(0, number, "ibug68", 64)
    path = root / stem
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(face.image).save(f"{path}.jpg")
    Path(f"{path}.pts").write_text(pts_text(face.points[:39]), encoding="ascii")
