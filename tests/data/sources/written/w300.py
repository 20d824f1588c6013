"""300-W: AFW and iBUG, which the split ``full`` needs, and 300w.zip's two folders for the split ``private``."""

from pathlib import Path

from data.sources.written.pts_files import put_face

LANDMARKS = "ibug68"


def write(root: Path, faces: int = 4) -> None:
    """Half of the faces are for training; two of them share a photo."""
    for number in range(faces // 2):
        put_face(root, f"afw/100_{number + 1}", number)
        put_face(root, f"ibug/image_{number:03d}_1", 10 + number)
        put_face(root, f"300W/01_Indoor/indoor_{number + 1:03d}", 20 + number)
        put_face(root, f"300W/02_Outdoor/outdoor_{number + 1:03d}", 30 + number)
