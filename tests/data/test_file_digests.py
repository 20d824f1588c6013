"""Digests are remembered only where nothing can have changed unseen."""

import hashlib
import os

import pytest

from facealign.data import file_digests
from facealign.data.file_digests import digest_of, remembering
from facealign.storage.cache import CACHE_VARIABLE

LONG_AGO = 1_600_000_000


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr(file_digests, "_RACY_NS", 0)
    return tmp_path / "cache" / "digests"


@pytest.fixture
def reads(monkeypatch):
    """The files that were read."""
    found = []
    read = file_digests.digest_file
    monkeypatch.setattr(file_digests, "digest_file", lambda path: found.append(path.name) or read(path))
    return found


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"one")
    return path


def digest(path, about="faces"):
    with remembering(about):
        return digest_of(path)


def sha(data):
    return hashlib.sha256(data).hexdigest()


def test_a_file_is_read_once(photo, reads):
    assert [digest(photo) for _ in range(3)] == [sha(b"one")] * 3
    assert reads == ["photo.jpg"]
    digest(photo, about="other faces")
    assert len(reads) == 2


def test_outside_the_block_every_time(photo, reads):
    assert digest_of(photo) == digest_of(str(photo)) == sha(b"one")
    assert len(reads) == 2


def test_other_bytes_of_the_same_length(photo):
    digest(photo)
    photo.write_bytes(b"two")
    assert digest(photo) == sha(b"two")


def test_other_bytes_of_the_same_length_and_time(photo):
    """As `cp --preserve` or an archive leaves them: only the inode's own time tells."""
    os.utime(photo, (LONG_AGO, LONG_AGO))
    digest(photo)
    photo.write_bytes(b"two")
    os.utime(photo, (LONG_AGO, LONG_AGO))
    assert digest(photo) == sha(b"two")


def test_another_file_in_its_place(photo, tmp_path):
    digest(photo)
    (tmp_path / "new").write_bytes(b"two")
    (tmp_path / "new").replace(photo)
    assert digest(photo) == sha(b"two")


def test_a_file_as_young_as_the_clocks_tick_is_not_remembered(photo, reads, monkeypatch):
    monkeypatch.setattr(file_digests, "_RACY_NS", 60_000_000_000)
    digest(photo)
    digest(photo)
    assert len(reads) == 2


@pytest.mark.parametrize("damage", [b"", b"x", b"{}\n[1, []]", None])
def test_a_memory_that_is_damaged_is_none(photo, reads, cache, damage):
    digest(photo)
    (kept,) = cache.iterdir()
    kept.write_bytes(kept.read_bytes()[:-3] + b"0]]" if damage is None else damage)
    assert digest(photo) == sha(b"one")
    assert len(reads) == 2


def test_a_file_that_is_gone_is_forgotten(photo, cache):
    digest(photo)
    photo.unlink()
    with pytest.raises(FileNotFoundError), remembering("faces"):
        digest_of(photo)


def test_a_cache_that_cannot_be_written_is_a_warning(photo, cache, caplog):
    cache.parent.write_bytes(b"")
    assert digest(photo) == sha(b"one")
    assert "digests of files cannot be kept" in caplog.text
