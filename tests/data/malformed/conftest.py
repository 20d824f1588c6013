"""A damaged copy of a data set, read to the end."""

import shutil
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from data.malformed.data_sets import DATA_SETS, written
from data.malformed.guard import Key, Outcome, key, read_all

Damage = Callable[[Path], None]
"""Damages the file, or the folder, at a path."""

_QUICK = 20
"""One case in so many is in the fast part of the tests."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = [item for item in items if Path(__file__).parent in item.path.parents]
    for i, item in enumerate(here):
        if i % _QUICK:
            item.add_marker(pytest.mark.thorough)


@pytest.fixture
def copy(tmp_path) -> Callable[[str], Path]:
    """A copy of a source's data set, which a test may do anything to."""

    def make(source: str) -> Path:
        return Path(shutil.copytree(written(source), tmp_path / "set"))

    return make


@pytest.fixture
def read(capfd) -> Callable[..., Outcome]:
    """Reads all of a data set; libraries must not talk to the terminal meanwhile."""

    def run(source: str, root: Path, **changes: object) -> Outcome:
        outcome = read_all(DATA_SETS[source].settings(root, **changes), root)
        out, err = capfd.readouterr()
        assert (out, err) == ("", "")
        return outcome

    return run


@pytest.fixture(scope="session")
def shared(tmp_path_factory) -> Callable[[str], Path]:
    """A copy of a source's data set for all tests that change one file of it and put it back."""

    @cache
    def make(source: str) -> Path:
        return Path(shutil.copytree(written(source), tmp_path_factory.mktemp(source) / "set"))

    return make


@contextmanager
def damaged(path: Path, damage: Damage, whole: Path) -> Iterator[None]:
    """The file at ``path`` is damaged inside the block; after it, it is as ``whole`` again."""
    try:
        damage(path)
        yield
    finally:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        shutil.copy(whole, path)


@pytest.fixture
def damage_own(shared, read) -> Callable[..., Outcome]:
    """Damages a file of one face, and sees to it that it costs that face, and no other.

    ``expected`` is ``refused``, ``kept``, or ``either`` where a data set cannot tell.
    """

    def run(source: str, name: str, damage: Damage, expected: str) -> Outcome:
        root = shared(source)
        whole, owners = undamaged(source), _owners(source, name)
        assert owners <= whole
        with damaged(root / name, damage, written(source) / name):
            outcome = read(source, root)
        assert not outcome.refusal
        assert whole - owners <= outcome.good
        _check(owners, outcome, expected, len(whole))
        return outcome

    return run


@pytest.fixture
def damage_table(shared, read) -> Callable[..., Outcome]:
    """Damages a file of many faces; of the other fold's faces none is lost, unless the whole data set is refused.

    ``row`` is the number of the one row that is damaged, if it is one: then all others are kept.
    """

    def run(source: str, name: str, damage: Damage, expected: str, row: int | None = None) -> Outcome:
        root = shared(source)
        whole = undamaged(source)
        owners = _owners(source, name) or {one for one in whole if one[0] == "train" or "train" not in name}
        if row is not None:
            owners = {one for one in owners if one[1] == row}
            assert len(owners) == 1
        with damaged(root / name, damage, written(source) / name):
            outcome = read(source, root)
        if outcome.refusal:
            assert expected in ("refused", "either")
            assert row is None or expected == "either"
        else:
            assert whole - owners <= outcome.good
            _check(owners, outcome, expected, len(whole))
        return outcome

    return run


@cache
def undamaged(source: str) -> frozenset[Key]:
    """The samples of a data set; all of them can be used."""
    outcome = read_all(DATA_SETS[source].settings(written(source)), written(source))
    assert (outcome.refusal, outcome.bad) == ("", {})
    return frozenset(outcome.good)


@cache
def _owners(source: str, name: str) -> frozenset[Key]:
    samples = DATA_SETS[source].settings(written(source)).open_source().samples()
    return frozenset(key(sample) for sample in samples if name in sample.files)


def _check(owners: Set[Key], outcome: Outcome, expected: str, whole: int) -> None:
    if expected == "kept":
        # Blank lines move rows to other numbers.
        assert owners <= outcome.good or len(outcome.good) == whole, outcome.bad
    elif expected == "refused":
        assert not owners & outcome.good
    else:
        assert expected == "either"
