"""Frames of a video, read one after another."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from facealign.config import open_file
from facealign.data.images import Image8
from facealign.data.record import BadSample

_MOST_PIXELS = 1 << 26
"""The most pixels of a frame; 8K video has half as many."""

# FFmpeg tells the terminal what it thinks of damaged frames. It looks at this once, when it is first used.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")


@dataclass
class _Open:
    """The video that this process reads at present, and how many frames of it have been passed."""

    path: Path
    capture: Any
    passed: int = 0


_open: _Open | None = None


def read_frame(path: Path, place: str, number: int) -> Image8:
    """A frame of an AVI file.

    The file stays open in this process, so that frames asked for in order are each decoded once; going back starts
    anew. Jumps decode what is between: seeking by number is not exact in compressed video.

    Args:
        path: The file.
        place: What messages call it.
        number: Of the frame, the first is 1.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        BadSample: The file is no AVI, cannot be decoded, or has fewer frames.
    """
    global _open
    if _open is None or _open.path != path or _open.passed >= number:
        close_video()
        _open = _Open(path, _capture(path, place))
    video = _open
    while video.passed < number:
        if not video.capture.grab():
            close_video()
            raise BadSample(
                place, f"ends after {video.passed} frames, and frame {number} is annotated; fetch it again"
            )
        video.passed += 1
    is_read, frame = video.capture.retrieve()
    if not is_read or frame is None or frame.ndim != 3 or frame.dtype != np.uint8:
        raise BadSample(place, f"frame {number} cannot be decoded; fetch it again")
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def close_video() -> None:
    """Let go of the file that is open, if one is."""
    global _open
    if _open is not None:
        _open.capture.release()
        _open = None


def _capture(path: Path, place: str) -> Any:
    try:
        with open_file(path) as stream:
            head = stream.read(12)
    except OSError as error:
        raise BadSample(place, f"cannot be read: {error.strerror}") from None
    # FFmpeg goes by the content: a playlist under this name could make it open other files and addresses.
    if head[:4] != b"RIFF" or head[8:12] != b"AVI ":
        raise BadSample(place, "is not an AVI video; fetch it again")
    level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    finally:
        cv2.utils.logging.setLogLevel(level)
    pixels = capture.get(cv2.CAP_PROP_FRAME_WIDTH) * capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
    if not capture.isOpened() or not 0 < pixels <= _MOST_PIXELS:
        capture.release()
        raise BadSample(place, "cannot be decoded as video; fetch it again")
    return capture
