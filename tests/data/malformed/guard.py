"""What bad input may lead to: a message of a few words. Not to a stack trace, a hang, or gigabytes."""

import faulthandler
import pickle
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from facealign.config import UserError, printable
from facealign.data.config import DataConfig
from facealign.data.folds import fold_of
from facealign.data.preparing.cropping import cut_face
from facealign.data.record import BadSample
from facealign.data.sources.base import Sample
from facealign.data.video import close_video
from facealign.geometry import load_schema

SECONDS = 10.0
MEGABYTES = 768
"""More than the process holds already."""
LONGEST_MESSAGE = 500

Key = tuple[str, int, str]
"""Of a sample, whatever its damaged row says: fold, row, and the id where files and not rows make samples."""


class HangError(BaseException):
    """Took too long. No handler of errors may take it for one."""


@dataclass
class Outcome:
    """What became of a data set.

    Attributes:
        refusal: Why none of it is listed; empty where it is.
        good: Samples that were loaded and cut.
        bad: Samples that were refused, and why.
    """

    refusal: str = ""
    good: set[Key] = field(default_factory=set)
    bad: dict[Key, str] = field(default_factory=dict)


def read_all(settings: DataConfig, root: Path) -> Outcome:
    """List, load and cut as preparing does. Whatever is raised but the user's errors is raised on."""
    outcome = Outcome()
    close_video()  # which may have been changed under its name
    with guarded():
        source = settings.open_source()
        try:
            samples = list(source.samples())
        except UserError as error:
            outcome.refusal = checked(error, root)
            return outcome
        _check_ids(samples)
        schema = load_schema(settings.landmarks)
        for sample in samples:
            with suppress(BadSample, OSError):  # preparing goes on to load the sample, and reports what that says
                source.fingerprint(sample)
            try:
                record = source.load(pickle.loads(pickle.dumps(sample)))
                cut_face(sample, record, schema, settings.crop, settings.shards)
            except BadSample as bad:
                outcome.bad[key(sample)] = checked(bad, root)
            else:
                outcome.good.add(key(sample))
                _cut_by_boxes(sample, record, settings, root)
    return outcome


def key(sample: Sample) -> Key:
    """See ``Key``."""
    return sample.fold, sample.row, "" if sample.line else sample.id


def checked(error: UserError, root: Path | str) -> str:
    """The message, once it is clear that a user can use it and a terminal can show it."""
    text = str(error)
    told = text.replace(printable(str(root)), "")
    assert 20 <= len(told) <= LONGEST_MESSAGE, told
    assert all(char.isprintable() or char == "\n" for char in text), ascii(text)
    assert "Errno" not in text, text
    place = error.place if isinstance(error, BadSample) else text.split(": ")[0]
    assert place.strip(), text
    assert "None" not in place, text
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (type(error), text)
    return text


@contextmanager
def guarded() -> Iterator[None]:
    """Bounds on time and memory."""

    def stop(*_: Any) -> None:
        raise HangError(f"still at work after {SECONDS:.0f} s")

    # Where Python never gets its turn again, a trace of all threads and the end of the process are all there is.
    faulthandler.dump_traceback_later(4 * SECONDS, exit=True)
    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    memory = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_mapped_bytes() + (MEGABYTES << 20), memory[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, memory)
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        faulthandler.cancel_dump_traceback_later()


def _mapped_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * resource.getpagesize()


def _check_ids(samples: list[Sample]) -> None:
    """They go into tables, reports and the draw of folds."""
    ids = [sample.id for sample in samples]
    assert len(set(ids)) == len(ids)
    assert ids == sorted(ids)
    for sample in samples:
        fold_of(sample, 0.1, 0)
        for text in (sample.id, sample.subset, sample.photo):
            assert text
            assert not set(text) & set("\n\r\t\0\x1b"), ascii(text)


def _cut_by_boxes(sample: Sample, record: Any, settings: DataConfig, root: Path) -> None:
    """The other rules for crops, where the record has what they follow."""
    for rule, has_it in {
        "provided": record.box is not None,
        "published_square": record.square is not None,
    }.items():
        if has_it:
            crop = settings.crop.model_copy(update={"box": rule})
            try:
                cut_face(sample, record, load_schema(settings.landmarks), crop, settings.shards)
            except BadSample as bad:
                checked(bad, root)
