"""300-VW: one training video as video, one test video as extracted frames."""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from data.sources.written.pts_files import pts_text
from facealign.data.synthetic import draw_face

LANDMARKS = "ibug68"


def write(root: Path, faces: int = 4) -> None:
    """As many frames in each of the two videos; the video's lines end in CRLF, as in the archive."""
    for video in ("001", "410"):
        (root / video / "annot").mkdir(parents=True)
        drawn = [draw_face(0, number, "ibug68", 64) for number in range(faces)]
        for number, face in enumerate(drawn, start=1):
            text = pts_text(face.points).replace("\n", "\r\n")
            (root / f"{video}/annot/{number:06d}.pts").write_bytes(text.encode())
        if video == "001":
            put_video(root / video / "vid.avi", [face.image for face in drawn])
        else:
            (root / video / "imgs").mkdir()
            for number, face in enumerate(drawn, start=1):
                Image.fromarray(face.image).save(root / f"{video}/imgs/{number:06d}.jpg")


def put_video(path: Path, frames: list[np.ndarray]) -> None:
    """(H, W, 3) uint8 RGB frames as Motion JPEG."""
    height, width = frames[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (width, height))
    for frame in frames:
        writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    writer.release()
