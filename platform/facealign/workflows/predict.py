"""Predicts landmarks of a photo, a folder of photos, or a video, as files and drawings."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from facealign import inference
from facealign.config import UserError
from facealign.data.images import Image8, decode_photo, encode, photo_bytes
from facealign.data.record import BadSample
from facealign.data.sources.files import IMAGE_SUFFIXES
from facealign.geometry import LandmarkSchema
from facealign.inference import Face, FaceAligner
from facealign.inference.boxes_file import read_boxes
from facealign.inference.formats import ImageFaces, as_csv, as_json, as_pts
from facealign.inference.one_euro import OneEuro, OneEuroSettings
from facealign.inference.runtimes import Runtime
from facealign.inference.tracks import Tracks
from facealign.inference.video import VIDEOS, VideoWriter, open_video
from facealign.report.faces import MarkSize, draw_box, draw_landmarks
from facealign.report.style import BOX, PREDICTED

Format = Literal["json", "csv", "pts"]
_DRAWN = "drawn"
_QUALITY = 92


@dataclass(frozen=True, kw_only=True)
class PredictionRequest:
    """A request of ``facealign predict``.

    Attributes:
        source: A photo, a folder of photos, or a video.
        model: See ``inference.load``.
        boxes: A file, see ``read_boxes``; None: faces are looked for.
        out: Folder for what is written.
        smooth: Of a video's landmarks; None leaves them as they are found.
    """

    source: Path
    model: str
    runtime: Runtime = "torch"
    device: str | None = None
    boxes: Path | None = None
    format: Format = "json"
    draw: bool = False
    out: Path = Path("landmarks")
    smooth: OneEuroSettings | None = None


@dataclass
class PredictionCounts:
    """Counts of a prediction: images, faces, images without a face, and unusable ones."""

    pictures: int = 0
    faces: int = 0
    empty: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def add(self, name: str, faces: int) -> None:
        """Count an image."""
        self.pictures += 1
        self.faces += faces
        if not faces:
            self.empty.append(name)


def predict(request: PredictionRequest) -> PredictionCounts:
    """Find the landmarks, and write them to ``request.out``.

    Of a folder, photos that cannot be read are reported on standard error and skipped.

    Raises:
        UserError: There is nothing to look at; the model cannot be loaded; the one photo, or the video, cannot be
            read.
    """
    source = request.source
    is_video = source.suffix.lower() in VIDEOS and not source.is_dir()
    if not source.exists():
        raise UserError(f"{source}: there is no such file or folder; name a photo, a folder of photos, or a video")
    photos = [] if is_video else photos_of(source)
    boxes = read_boxes(request.boxes) if request.boxes else None
    model = inference.load(request.model, request.runtime, device=request.device)
    if boxes is None:
        model.require_detector()
    outcome = PredictionCounts()
    found = (
        _in_video(request, model, boxes, outcome)
        if is_video
        else _in_photos(request, model, photos, boxes, outcome)
    )
    request.out.mkdir(parents=True, exist_ok=True)
    write(list(found), model, request.format, request.out)
    return outcome


def photos_of(source: Path) -> list[Path]:
    """The photo itself, or those of a folder and of the folders in it, sorted.

    Raises:
        UserError: The folder holds none.
    """
    if not source.is_dir():
        return [source]
    found = sorted(path for path in source.rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file())
    if not found:
        raise UserError(f"{source}: holds no photo ({', '.join(IMAGE_SUFFIXES)})")
    return found


def write(findings: list[ImageFaces], model: FaceAligner, form: Format, out: Path) -> None:
    """Write one file (JSON, CSV), or one for each face (.pts): ``photo_1.pts`` … of several on a photo."""
    if form == "json":
        (out / "landmarks.json").write_text(as_json(findings, model.card.identity), encoding="utf-8")
    elif form == "csv":
        (out / "landmarks.csv").write_text(as_csv(findings, model.card.landmarks.size), encoding="utf-8")
    else:
        for finding in findings:
            stem = (out / finding.photo).with_suffix("")
            stem.parent.mkdir(parents=True, exist_ok=True)
            for number, face in finding.faces:
                name = stem.name if len(finding.faces) == 1 else f"{stem.name}_{number + 1}"
                (stem.parent / f"{name}.pts").write_text(as_pts(face), encoding="utf-8")


def _in_photos(
    request: PredictionRequest,
    model: FaceAligner,
    photos: list[Path],
    boxes: Mapping[str, NDArray[np.float64]] | None,
    outcome: PredictionCounts,
) -> Iterator[ImageFaces]:
    folder = request.source if request.source.is_dir() else request.source.parent
    for path in photos:
        name = path.relative_to(folder).as_posix()
        try:
            data = photo_bytes(path, str(path))
            # Without a line in the file, a photo has no face: looking for some would mix two kinds of boxes.
            faces = model.predict(data, None if boxes is None else boxes.get(name, np.empty((0, 4))))
            if request.draw:
                image = drawn(decode_photo(data, name), faces, model.card.landmarks)
                target = request.out / _DRAWN / Path(name).with_suffix(".jpg")
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(encode(image, "jpeg", _QUALITY))
        except UserError as error:
            reason = f"{path}: {error.reason}" if isinstance(error, BadSample) else f"{path}: {error}"
            if len(photos) == 1:
                raise UserError(reason) from None
            print(reason, file=sys.stderr)
            outcome.failed.append(name)
            continue
        outcome.add(name, len(faces))
        yield ImageFaces(name, list(enumerate(faces)))


def _in_video(
    request: PredictionRequest,
    model: FaceAligner,
    boxes: Mapping[str, NDArray[np.float64]] | None,
    outcome: PredictionCounts,
) -> Iterator[ImageFaces]:
    with open_video(request.source) as video:
        smooth = request.smooth
        tracks = Tracks(video.rate, None if smooth is None else lambda: OneEuro(smooth, video.rate))
        writer = VideoWriter(request.out / _DRAWN / f"{request.source.stem}.mp4", video.rate)
        try:
            for number, image in enumerate(video.frames()):
                given = None if boxes is None else boxes.get(str(number), np.empty((0, 4)))
                faces = tracks.frame(model.predict(image, given))
                if request.draw:
                    writer.write(drawn(image, [face for _, face in faces], model.card.landmarks))
                outcome.add(str(number), len(faces))
                yield ImageFaces(str(number), faces)
        finally:
            writer.close()


def drawn(image: Image8, faces: list[Face], schema: LandmarkSchema) -> Image8:
    """The image with boxes and landmarks, marks in proportion to each face."""
    for face in faces:
        size = MarkSize.for_picture(int((face.box[2:] - face.box[:2]).max()))
        image = draw_box(image, face.box, BOX, size)
        image = draw_landmarks(image, face.landmarks, schema, PREDICTED, size=size)
    return image


def summary_text(request: PredictionRequest, outcome: PredictionCounts) -> str:
    """Summarize a prediction as text."""
    lines = [f"{outcome.faces} faces on {outcome.pictures} images, written to {request.out}"]
    if outcome.empty:
        some = ", ".join(outcome.empty[:5]) + (", …" if len(outcome.empty) > 5 else "")
        lines.append(f"no face found on {len(outcome.empty)}: {some}")
    if outcome.failed:
        lines.append(f"{len(outcome.failed)} could not be used; see above")
    return "\n".join(lines)
