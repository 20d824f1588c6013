"""Inspects a published data set before it is prepared: its content and its problems."""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from facealign.config import UserError
from facealign.data.preparing.checks import check_record
from facealign.data.preparing.cropping import face_box
from facealign.data.record import BadSample, FaceRecord
from facealign.data.sources.base import Sample, Source
from facealign.geometry import CropSettings, LandmarkSchema, load_schema

_CHUNK = 8
_PLACES = 5
"""The number of samples that the report names for a problem."""
_VARYING = re.compile(r"'[^']*'|[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
"""The parts of a message that differ between samples with the same problem: numbers, and values in quotes."""


@dataclass(frozen=True, kw_only=True)
class ValueRange:
    """Least, middle and greatest of some numbers."""

    least: float
    median: float
    greatest: float


@dataclass(frozen=True, kw_only=True)
class SampleGroup:
    """The samples of a published fold and a subset."""

    fold: str
    subset: str
    samples: int
    photos: int
    looked_at: int
    usable: int


@dataclass(frozen=True, kw_only=True)
class SampleProblem:
    """A reason for which samples cannot be used; ``places`` are the first few."""

    reason: str
    samples: int
    places: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Duplicates:
    """Groups of samples with equal pixels but different photos; ``first`` are the first few."""

    meaning: str
    groups: int
    first: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """Content of a data set. Fractions are 0…1 of the landmarks (or samples) that were checked and are usable.

    Attributes:
        source: Name of the data set.
        landmarks: Name of the schema.
        samples: All that are listed.
        looked_at: The number that was loaded.
        usable: As many of them pass every check.
        groups: By fold and subset.
        faces_per_photo: Over all photos listed.
        picture_width: Pixels, as is ``picture_height``.
        face_size: Longer side of the landmarks' box, pixels.
        visible: Share of landmarks; with ``hidden`` (coordinates, not to be seen) and ``unknown`` (none) it is 1.
        outside: Share of the known landmarks that lie outside their photo.
        boxes: Share of samples with a published box.
        squares: Share with a published center and scale.
        attributes: How often each is true, by fold.
        problems: The commonest first.
        duplicates: The same pixels in both folds, or under two photos.
        notes: What deserves a second look.
    """

    source: str
    landmarks: str
    samples: int
    looked_at: int
    usable: int
    groups: tuple[SampleGroup, ...]
    faces_per_photo: ValueRange
    picture_width: ValueRange | None
    picture_height: ValueRange | None
    face_size: ValueRange | None
    visible: float
    hidden: float
    unknown: float
    outside: float
    boxes: float
    squares: float
    attributes: dict[str, dict[str, int]]
    problems: tuple[SampleProblem, ...]
    duplicates: tuple[Duplicates, ...]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the inspection as plain values."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class SampleCheck:
    """The check of one sample. ``place`` and ``reason`` are empty where it can be used."""

    sample: Sample
    place: str = ""
    reason: str = ""
    size: tuple[int, int] = (0, 0)
    pixels: str = ""  # digest of the image as it is decoded: a copy in another format has the same
    face_size: float = 0.0
    known: int = 0
    visible: int = 0
    outside: int = 0
    box: bool = False
    square: bool = False
    attributes: tuple[tuple[str, bool], ...] = ()


def choose(samples: Sequence[Sample], limit: int | None) -> list[Sample]:
    """Choose at most ``limit`` samples, evenly spread."""
    if limit is None or limit >= len(samples):
        return list(samples)
    return [samples[i] for i in np.linspace(0, len(samples) - 1, limit).round().astype(int)]


def check_samples(
    source: Source,
    samples: Sequence[Sample],
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> list[SampleCheck]:
    """Load every sample and check it as preparing would, but for what the crop settings ask.

    Raises:
        UserError: A process died.
    """
    checks = []
    schema = load_schema(source.schema)
    for check in _mapped(partial(_check, source, schema), samples, workers):
        checks.append(check)
        if progress is not None:
            progress(len(checks), len(samples))
    return checks


def inspect(
    name: str, schema: LandmarkSchema, samples: Sequence[Sample], checks: Sequence[SampleCheck]
) -> Inspection:
    """Summarize the checks of a data set.

    Args:
        name: Of the source.
        schema: Whose landmarks they are.
        samples: All that the source lists.
        checks: At these, or some of them.

    Raises:
        UserError: The source lists no sample.
    """
    if not samples:
        raise UserError(f"source {name!r} lists no sample below this root")
    usable = [check for check in checks if not check.reason]
    points = max(len(usable) * schema.size, 1)
    known = sum(check.known for check in usable)
    visible = sum(check.visible for check in usable) / points
    shared = _duplicates(samples, usable)
    return Inspection(
        source=name,
        landmarks=schema.name,
        samples=len(samples),
        looked_at=len(checks),
        usable=len(usable),
        groups=_groups(samples, checks),
        faces_per_photo=_required_spread(Counter(sample.photo for sample in samples).values()),
        picture_width=_spread(check.size[0] for check in usable),
        picture_height=_spread(check.size[1] for check in usable),
        face_size=_spread(check.face_size for check in usable),
        visible=visible,
        hidden=known / points - visible,
        unknown=1 - known / points,
        outside=sum(check.outside for check in usable) / max(known, 1),
        boxes=sum(check.box for check in usable) / max(len(usable), 1),
        squares=sum(check.square for check in usable) / max(len(usable), 1),
        attributes=_attributes(usable),
        problems=_problems(checks),
        duplicates=shared,
        notes=_notes(samples, usable, visible),
    )


def _mapped(
    function: Callable[[Sample], SampleCheck], samples: Sequence[Sample], workers: int
) -> Iterator[SampleCheck]:
    if workers == 1:
        yield from map(function, samples)
        return
    # Not fork: this process may hold threads (of a progress bar) whose locks a fork would inherit.
    pool = ProcessPoolExecutor(workers, mp_context=get_context("forkserver"), initializer=_use_one_thread)
    try:
        yield from pool.map(function, samples, chunksize=_CHUNK)
    except BrokenProcessPool:
        raise UserError(
            f"one of {workers} processes died, for want of memory as a rule: use fewer --workers"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _use_one_thread() -> None:
    cv2.setNumThreads(1)


def _check(source: Source, schema: LandmarkSchema, sample: Sample) -> SampleCheck:
    try:
        record = source.load(sample)
        check_record(sample.id, record, schema)
        face_box(sample, record, CropSettings())
    except BadSample as bad:
        return SampleCheck(sample=sample, place=bad.place, reason=bad.reason)
    except OSError as error:
        return SampleCheck(sample=sample, place=str(error.filename), reason=f"cannot be read: {error.strerror}")
    return _measure(sample, record)


def _measure(sample: Sample, record: FaceRecord) -> SampleCheck:
    height, width = record.image.shape[:2]
    known_N = np.isfinite(record.points).all(axis=1)
    points_K2 = record.points[known_N]
    inside_K = ((points_K2 >= -0.5) & (points_K2 <= [width - 0.5, height - 0.5])).all(axis=1)
    return SampleCheck(
        sample=sample,
        size=(width, height),
        pixels=_digest(record.image),
        face_size=float(np.ptp(points_K2, axis=0).max()),
        known=int(known_N.sum()),
        visible=int((record.visible & known_N).sum()),
        outside=int((~inside_K).sum()),
        box=record.box is not None,
        square=record.square is not None,
        attributes=tuple(record.attributes.items()),
    )


def _digest(image: NDArray[np.uint8]) -> str:
    sha = hashlib.blake2b(repr(image.shape).encode(), digest_size=16)
    sha.update(np.ascontiguousarray(image).data)
    return sha.hexdigest()


def _groups(samples: Sequence[Sample], checks: Sequence[SampleCheck]) -> tuple[SampleGroup, ...]:
    listed: dict[tuple[str, str], list[Sample]] = defaultdict(list)
    for sample in samples:
        listed[sample.fold, sample.subset].append(sample)
    checked: Counter[tuple[str, str]] = Counter((check.sample.fold, check.sample.subset) for check in checks)
    usable: Counter[tuple[str, str]] = Counter(
        (check.sample.fold, check.sample.subset) for check in checks if not check.reason
    )
    return tuple(
        SampleGroup(
            fold=key[0],
            subset=key[1],
            samples=len(group),
            photos=len({sample.photo for sample in group}),
            looked_at=checked[key],
            usable=usable[key],
        )
        # Training first, as everywhere.
        for key, group in sorted(listed.items(), key=lambda item: (item[0][0] != "train", item[0]))
    )


def _problems(checks: Sequence[SampleCheck]) -> tuple[SampleProblem, ...]:
    by_kind: dict[str, list[SampleCheck]] = defaultdict(list)
    for check in checks:
        if check.reason:
            by_kind[_VARYING.sub("…", check.reason)].append(check)
    return tuple(
        SampleProblem(
            reason=group[0].reason, samples=len(group), places=tuple(check.place for check in group[:_PLACES])
        )
        for group in sorted(by_kind.values(), key=len, reverse=True)
    )


def _duplicates(samples: Sequence[Sample], usable: Sequence[SampleCheck]) -> tuple[Duplicates, ...]:
    by_photo: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        by_photo[sample.photo].append(sample)
    by_pixels: dict[str, list[Sample]] = defaultdict(list)
    for check in usable:
        by_pixels[check.pixels].append(check.sample)
    same = [group for group in by_pixels.values() if len({sample.photo for sample in group}) > 1]
    across = [group for group in (*same, *by_photo.values()) if len({sample.fold for sample in group}) > 1]
    within = [group for group in same if len({sample.fold for sample in group}) == 1]
    kinds = {
        "the same photo in train and test: what is learned is measured": across,
        "the same image under two photos of one fold: validation may be cut between them": within,
    }
    return tuple(
        Duplicates(
            meaning=meaning,
            groups=len(groups),
            first=tuple(tuple(sample.id for sample in group[:_PLACES]) for group in groups[:_PLACES]),
        )
        for meaning, groups in kinds.items()
        if groups
    )


def _attributes(usable: Sequence[SampleCheck]) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for check in usable:
        for name, value in check.attributes:
            of_fold = counts.setdefault(name, {"train": 0, "test": 0})
            of_fold[check.sample.fold] += value
    return counts


def _notes(samples: Sequence[Sample], usable: Sequence[SampleCheck], visible: float) -> tuple[str, ...]:
    notes = [
        f"fold {fold} has no sample: what needs one will say so"
        for fold in ("train", "test")
        if fold not in {sample.fold for sample in samples}
    ]
    if usable and not visible:
        notes.append("no landmark is visible in any face; is that what the annotation means?")
    if usable and len(usable) > 1 and len({check.pixels for check in usable}) == 1:
        notes.append("all samples show the same image")
    return tuple(notes)


def _spread(values: Iterable[float]) -> ValueRange | None:
    listed = list(values)
    return _required_spread(listed) if listed else None


def _required_spread(values: Iterable[float]) -> ValueRange:
    array = np.array(list(values), dtype=np.float64)
    return ValueRange(least=float(array.min()), median=float(np.median(array)), greatest=float(array.max()))
