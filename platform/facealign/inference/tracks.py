"""Which face of a frame is which face of the frame before: the one whose box it overlaps most."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

import numpy as np
from numpy.typing import NDArray

from facealign.inference.face import Face
from facealign.inference.one_euro import OneEuro


def overlaps(one_A4: NDArray[np.float64], other_B4: NDArray[np.float64]) -> NDArray[np.float64]:
    """(A, B) intersection over union of boxes (x0, y0, x1, y1)."""
    low = np.maximum(one_A4[:, None, :2], other_B4[None, :, :2])
    high = np.minimum(one_A4[:, None, 2:], other_B4[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    area_A, area_B = ((boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (one_A4, other_B4))
    return np.asarray(shared / np.maximum(area_A[:, None] + area_B - shared, 1e-12))


def matched(one_A4: NDArray[np.float64], other_B4: NDArray[np.float64], least: float) -> list[tuple[int, int]]:
    """Pairs (a, b) with an IoU of ``least`` or more, the highest first; a box is in one pair at most."""
    if not len(one_A4) or not len(other_B4):
        return []
    shares = overlaps(one_A4, other_B4)
    pairs: list[tuple[int, int]] = []
    while shares.max() >= least:
        a, b = (int(i) for i in np.unravel_index(shares.argmax(), shares.shape))
        pairs.append((a, b))
        shares[a], shares[:, b] = -1.0, -1.0
    return pairs


_LEAST_OVERLAP = 0.3
_PATIENCE = 0.5
"""Seconds that a face may be missing and still be the same one when it is back."""


@dataclass
class _Track:
    number: int
    face: Face
    missed: int = 0
    smooth: OneEuro | None = None


@dataclass
class Tracks:
    """The faces of a video, by number, in the order they first appear.

    Attributes:
        rate: Frames per second.
        smoother: Makes the filter of one face; None leaves landmarks as they were found.
    """

    rate: float
    smoother: Callable[[], OneEuro] | None = None
    _known: list[_Track] = field(default_factory=list)
    _numbers: "count[int]" = field(default_factory=count)

    def frame(self, faces: list[Face]) -> list[tuple[int, Face]]:
        """The faces of the next frame with their numbers, landmarks smoothed; in the order of ``faces``."""
        before = np.array([track.face.box for track in self._known]).reshape(-1, 4)
        now = np.array([face.box for face in faces]).reshape(-1, 4)
        same = {j: self._known[i] for i, j in matched(before, now, _LEAST_OVERLAP)}
        for track in self._known:
            track.missed += 1
        seen = []
        for j, face in enumerate(faces):
            track = same.get(j) or self._new(face)
            track.face, track.missed = face, 0
            seen.append((track.number, _smoothed(track)))
        self._known = [track for track in self._known if track.missed <= _PATIENCE * self.rate]
        return seen

    def _new(self, face: Face) -> _Track:
        track = _Track(next(self._numbers), face, smooth=self.smoother() if self.smoother else None)
        self._known.append(track)
        return track


def _smoothed(track: _Track) -> Face:
    if track.smooth is None:
        return track.face
    side = float((track.face.box[2:] - track.face.box[:2]).max())
    return Face(track.face.box, track.smooth(track.face.landmarks, side))
