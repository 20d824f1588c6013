import pytest

from facealign.cluster.session import temporary_folder
from facealign.storage.locks import locked


@pytest.fixture(autouse=True)
def base(tmp_path, monkeypatch):
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    return tmp_path


def test_a_folder_goes_with_its_driver(base):
    with temporary_folder() as folder:
        assert folder.parent == base
        (folder / "session").mkdir()
    assert not folder.exists()


def test_the_folder_of_a_dead_driver_goes_with_the_next_one_and_others_stay(base):
    dead, foreign = base / "fa-dead", base / "session_of_a_cluster"
    for folder in (dead, foreign):
        folder.mkdir()
    with temporary_folder() as alive, temporary_folder() as other:
        assert alive != other
        assert alive.exists()
        assert not dead.exists()
        assert foreign.exists()


def test_a_lock_has_one_holder(base):
    with locked(base / "lock") as first, locked(base / "lock") as second:
        assert first
        assert not second
    with locked(base / "lock") as free:
        assert free
