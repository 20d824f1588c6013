"""A video's frames one after another, and a video written frame by frame: OpenCV's FFmpeg."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from facealign.config import UserError, open_file
from facealign.data.images import Image8

VIDEOS = (".avi", ".m4v", ".mkv", ".mov", ".mp4", ".webm")
_MOST_PIXELS = 1 << 26
"""The most pixels of a frame; 8K video has half as many."""
_USUAL_RATE = 25.0
"""Frames per second, where the file does not tell."""

# FFmpeg tells the terminal what it thinks of damaged frames. It looks at this once, when it is first used.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")


class Video:
    """An open video.

    Attributes:
        rate: Frames per second.
    """

    def __init__(self, path: Path, capture: Any) -> None:
        self.path = path
        self._capture = capture
        rate = float(capture.get(cv2.CAP_PROP_FPS))
        self.rate = rate if 1 <= rate <= 1000 else _USUAL_RATE

    def frames(self) -> Iterator[Image8]:
        """(H, W, 3) uint8 RGB each, upright, until the file ends; a file that is cut short ends early.

        Raises:
            UserError: Not one frame can be decoded.
        """
        number = 0
        while True:
            is_read, frame = self._capture.read()
            if not is_read:
                break
            number += 1
            yield np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), dtype=np.uint8)
        if not number:
            raise UserError(f"{self.path}: no frame can be decoded; write it anew, as MP4 with H.264 for example")


@contextmanager
def open_video(path: Path) -> Iterator[Video]:
    """A video for as long as the block lasts.

    Raises:
        UserError: The file cannot be read as a video.
    """
    if not _is_container(path):
        raise UserError(f"{path}: is not a video (AVI, MP4, MOV, MKV and WebM are read)")
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    try:
        pixels = capture.get(cv2.CAP_PROP_FRAME_WIDTH) * capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
        if not capture.isOpened() or not 0 < pixels <= _MOST_PIXELS:
            raise UserError(f"{path}: cannot be decoded as video; write it anew, as MP4 with H.264 for example")
        yield Video(path, capture)
    finally:
        capture.release()


def _is_container(path: Path) -> bool:
    """Whether the first bytes are those of a video container: FFmpeg would follow a playlist to other files."""
    try:
        with open_file(path) as stream:
            head = stream.read(12)
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    return (
        (head[:4] == b"RIFF" and head[8:] == b"AVI ")
        or head[4:8] in (b"ftyp", b"moov")
        or head[:4] == b"\x1aE\xdf\xa3"
    )


class VideoWriter:
    """Writes frames of one size as MP4 (MPEG-4 part 2, which every build of OpenCV can write).

    Args:
        path: The file; its folder is made.
        rate: Frames per second.
    """

    def __init__(self, path: Path, rate: float) -> None:
        self._path, self._rate = path, rate
        self._writer: Any = None

    def write(self, frame: Image8) -> None:
        """Add a frame, (H, W, 3) uint8 RGB.

        Raises:
            UserError: OpenCV cannot write the file.
        """
        if self._writer is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            size = (frame.shape[1], frame.shape[0])
            self._writer = cv2.VideoWriter(str(self._path), cv2.VideoWriter.fourcc(*"mp4v"), self._rate, size)
            if not self._writer.isOpened():
                raise UserError(f"{self._path}: OpenCV cannot write a video there; name another folder")
        self._writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))

    def close(self) -> None:
        """Finish the file."""
        if self._writer is not None:
            self._writer.release()
