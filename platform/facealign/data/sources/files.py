"""Data sets that are folders of images, each with its annotation beside it."""

import os
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from facealign.config import UserError, printable
from facealign.data.record import BadSample
from facealign.data.sources.base import Sample

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp")
"""Endings of images, in lower case."""
_SHOWN = 60
"""Characters of a name that a message tells."""
_NO_TEXT = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode's categories of control characters, of bytes that are not UTF-8, and of line ends."""


def files_by_stem(root: Path, folder: str, endings: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Files of these endings, whatever their case; those that differ only in it belong together.

    Names that begin with a dot are passed over: another system's notes on the files beside them.

    Args:
        root: The data set's folder.
        folder: Below the root; empty for the root itself.
        endings: In lower case, with the dot.

    Returns:
        Stem → names below the root, both sorted.

    Raises:
        UserError: A name is not UTF-8 or holds a control character.
    """
    place = root / folder
    by_stem: dict[str, list[str]] = {}
    for name in sorted(_names(place, is_folder=False)):
        stem, ending = os.path.splitext(name)
        if ending.lower() in endings and not name.startswith("."):
            _require_text(place, name)
            by_stem.setdefault(stem, []).append(f"{folder}/{name}" if folder else name)
    return {stem: tuple(names) for stem, names in sorted(by_stem.items())}


def folders_in(root: Path) -> list[str]:
    """Names of the folders directly below ``root``, sorted.

    Raises:
        UserError: A name is not UTF-8 or holds a control character.
    """
    names = sorted(_names(root, is_folder=True))
    for name in names:
        _require_text(root, name)
    return names


def image_and(sample: Sample, ending: str) -> tuple[str, str]:
    """The names of a sample's one image and of its one annotation.

    Args:
        sample: Made of files that have one stem.
        ending: Of the annotation, in lower case: ``.pts``.

    Raises:
        BadSample: One of the two is missing or there are several.
    """
    annotations = [name for name in sample.files if name.lower().endswith(ending)]
    image_files = [name for name in sample.files if name not in annotations]
    if len(annotations) != 1:
        raise BadSample(sample.files[0], f"a {ending} {_beside(annotations)}")
    if len(image_files) != 1:
        raise BadSample(annotations[0], f"one image {_beside(image_files)}")
    return image_files[0], annotations[0]


def not_found(root: Path, expected: str) -> UserError:
    """Return the error for a root that does not look like the data set."""
    return UserError(f"{root}: found {what_is_in(root)}; {expected}")


def what_is_in(folder: Path) -> str:
    """The first few names in a folder, for a message.

    Raises:
        UserError: The folder cannot be read.
    """
    with _scanned(folder) as entries:
        names = sorted(entry.name for entry in entries)
    shown = ", ".join(printable(name, _SHOWN) for name in names[:5]) or "nothing"
    return shown + (" …" if len(names) > 5 else "")


def unpacked_below(root: Path, names: Iterable[str]) -> Path:
    """The folder that an archive unpacks to, where the root holds it; else the root."""
    return next((root / name for name in names if (root / name).is_dir()), root)


def _names(folder: Path, is_folder: bool) -> Iterator[str]:
    with _scanned(folder) as entries:
        yield from (entry.name for entry in entries if _is_folder(entry) == is_folder)


@contextmanager
def _scanned(folder: Path) -> Iterator["os._ScandirIterator[str]"]:
    try:
        with os.scandir(folder) as entries:
            yield entries
    except OSError as error:
        raise UserError(f"{folder}: cannot be listed: {error.strerror}") from None


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    """A link to nowhere, or to itself, counts as a file: it is listed, and reported when it is loaded."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _require_text(folder: Path, name: str) -> None:
    """Names become ids, which stand in reports and indices: one line of text each."""
    if name.isascii() and name.isprintable():
        return  # most are, and hundreds of thousands are asked for
    wrong = {unicodedata.category(char) for char in name} & _NO_TEXT
    if wrong:
        what = "is not UTF-8" if "Cs" in wrong else "holds a control character"
        raise UserError(f"{folder}: the file name '{printable(name, _SHOWN)}' {what}; rename the file")


def _beside(found: list[str]) -> str:
    return f"of the same name belongs beside it; found {', '.join(found) or 'none'}"
