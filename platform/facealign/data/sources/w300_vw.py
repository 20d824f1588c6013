"""300-VW: 114 videos, each frame with 68 landmarks.

Shen et al., "The First Facial Landmark Tracking in-the-Wild Challenge" (ICCV-W 2015). The archive unpacks to
``300VW_Dataset_2015_12_14`` with a folder for each video: ``001/vid.avi`` and ``001/annot/000001.pts`` …,
1-based coordinates, lines ending in CRLF. Frame ``000001`` is the first of the video. Frames that were extracted
before are taken instead of the video where they lie in the video's folder or in its ``imgs`` or ``images``,
named as their annotation: ``001/imgs/000001.png``.

Fifty videos are for training and 64 for testing, in three categories: A (31 videos, well lit), B (19, as in
human-computer interaction, light varies) and C (14, arbitrary conditions), by the challenge's lists. A whole
video counts as one photo, so none straddles training and validation. No boxes and no visibility are published.
Evaluations often leave out some frames that are known to be annotated badly; the archive does not mark them, and
all are listed.
"""

import hashlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from facealign.config import Settings, UserError, digest_file
from facealign.data.record import BadSample, FaceRecord
from facealign.data.sources.base import SOURCES, Sample, Source
from facealign.data.sources.files import (
    IMAGE_SUFFIXES,
    files_by_stem,
    folders_in,
    image_and,
    not_found,
    unpacked_below,
)
from facealign.data.sources.pts import read_pts
from facealign.geometry import load_schema

_VIDEO = "vid.avi"
_FRAME_FOLDERS = ("imgs", "images", "")

_OFFICIAL: dict[tuple[Literal["train", "test"], str], str] = {
    ("train", "train"): """
        001 002 003 004 007 009 010 011 013 015 016 017 018 019 020 022 025 027 028 029 031 033 034 035 037 039 041
        043 044 046 047 048 049 053 057 059 112 113 115 119 120 123 138 143 144 160 204 205 223 225""",
    ("test", "category-a"): """
        114 124 125 126 150 158 401 402 505 506 507 508 509 510 511 514 515 518 519 520 521 522 524 525 537 538 540
        541 546 547 548""",
    ("test", "category-b"): "203 208 211 212 213 214 218 224 403 404 405 406 407 408 409 412 550 551 553",
    ("test", "category-c"): "410 411 516 517 526 528 529 530 531 533 557 558 559 562",
}
VIDEOS = {video: part for part, videos in _OFFICIAL.items() for video in videos.split()}
"""Fold and subset of each video."""


@SOURCES.register("300vw")
class W300Vw(Source):
    """300-VW: any of its 114 video folders below the root."""

    class Config(Settings):
        """Which frames."""

        every: int = Field(
            default=1, ge=1, description="take frames 1, 1 + every, 1 + 2·every, …: neighbors are nearly the same"
        )

    schemas = ("ibug68",)

    def samples(self) -> Iterator[Sample]:
        """One sample for each annotated frame; an image or video that is missing shows on loading."""
        root = unpacked_below(self.folder(), ("300VW_Dataset_2015_12_14",))
        below = "" if root == self.root else f"{root.name}/"
        videos = [name for name in folders_in(root) if (root / name / "annot").is_dir()]
        if not videos:
            raise not_found(root, "300-VW has a folder `annot` in each of 001 … 562; set data.root above them")
        unknown = [name for name in videos if name not in VIDEOS]
        if unknown:
            raise UserError(f"{root / unknown[0]}: 300-VW has no video of that name; move it out of data.root")
        listed = [sample for video in videos for sample in self._frames_of(video, below + video)]
        if not listed:
            raise not_found(
                root, f"the folders `annot` of {', '.join(videos[:5])} hold no .pts; unpack 300-VW there"
            )
        yield from listed

    def load(self, sample: Sample) -> FaceRecord:
        """The frame and its landmarks, moved from 1-based pixels to 0-based ones."""
        from facealign.data.images import read_photo  # OpenCV: settings are read without it
        from facealign.data.video import read_frame

        picture, annotation = image_and(sample, ".pts")
        schema = load_schema(self.schema)
        points_N2 = read_pts(self.path(annotation), annotation, schema) - 1.0
        if not picture.endswith(_VIDEO):
            image = read_photo(self.path(picture), picture)
        elif sample.row == 0:
            raise BadSample(annotation, "is not named by the number of its frame, as 000001.pts is; rename it")
        else:
            image = read_frame(self.path(picture), picture, sample.row)
        return FaceRecord(image=image, points=points_N2, visible=np.ones(schema.size, dtype=np.bool_))

    def fingerprint(self, sample: Sample) -> str:
        """Digest a sample's files; a video, which thousands of frames share, is read once."""
        sha = hashlib.sha256(f"{sample.id}\0{sample.row}".encode())
        for name in sample.files:
            path = self.path(name)
            of_file = _video_digest(path, path.stat().st_mtime_ns) if name.endswith(_VIDEO) else digest_file(path)
            sha.update(of_file.encode())
        return sha.hexdigest()

    def _frames_of(self, video: str, folder: str) -> Iterator[Sample]:
        root = self.folder()
        image_files: dict[str, tuple[str, ...]] = {}
        for name in _FRAME_FOLDERS:
            place = f"{folder}/{name}".rstrip("/")
            if not image_files and (root / place).is_dir():
                image_files = files_by_stem(root, place, IMAGE_SUFFIXES)
        fold, subset = VIDEOS[video]
        in_video = (f"{folder}/{_VIDEO}",) if not image_files and (root / folder / _VIDEO).is_file() else ()
        for stem, annotations in files_by_stem(root, f"{folder}/annot", (".pts",)).items():
            number = int(stem) if stem.isascii() and stem.isdigit() else 0
            if number and (number - 1) % self.config.every:
                continue
            yield Sample(
                id=f"{video}/{stem}",
                fold=fold,
                subset=subset,
                photo=video,
                files=(*annotations, *image_files.get(stem, in_video)),
                row=number,
            )


@lru_cache(maxsize=8)
def _video_digest(path: Path, changed_at: int) -> str:
    """Digest a video; one whose times of change differ is read again."""
    return digest_file(path)
