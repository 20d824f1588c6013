"""Shards made by Ray Data's workers."""

import os

import pytest

from facealign.cluster.config import ClusterConfig
from facealign.cluster.prepare import shard_mapper
from facealign.config import UserError
from facealign.data.config import DataConfig
from facealign.data.preparing.prepare import prepare
from facealign.data.shards.verify import verify

pytestmark = [
    pytest.mark.ray,
    # Ray and gRPC leave sockets to the garbage collector; Ray Data warns of its own settings.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

SETTINGS = DataConfig.model_validate(
    {
        "crop": {"size": 32},
        "validation": 0.3,
        "shards": {"megabytes": 0.02},
        "synthetic": {"train": 40, "test": 4, "size": 64},
    }
)


@pytest.fixture
def mapper(ray_cluster):
    with shard_mapper(ClusterConfig(prepare_workers=2)) as found:
        yield found


def test_one_worker_is_this_process():
    with shard_mapper(ClusterConfig(prepare_workers=1)) as found:
        assert found is None


def test_two_workers_write_the_bytes_of_one(mapper, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = []
    report = prepare(SETTINGS, "two", lambda done, of: told.append((done, of)), mapper)
    prepare(SETTINGS, tmp_path / "one")
    one, two = ({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("one", "two"))
    assert one == two
    assert len(told) == report.written > 3
    assert told[-1] == (44, 44)
    assert prepare(SETTINGS, "two", mapper=mapper).written == 0
    assert verify(tmp_path / "two") == []


def _break(task):
    if task == 3:
        raise UserError("the disk is full")
    return task


def _fail(task):
    raise ZeroDivisionError


def _die(task):
    os._exit(1)


def test_what_the_user_has_to_mend_comes_back_as_it_is(mapper):
    with pytest.raises(UserError, match=r"^the disk is full$"):
        list(mapper(_break, list(range(6))))


def test_an_error_of_the_program_is_no_message_for_users(mapper):
    with pytest.raises(Exception, match="ZeroDivisionError") as caught:
        list(mapper(_fail, [1]))
    assert not isinstance(caught.value, UserError)


def test_workers_that_die_one_after_another_are_given_up(mapper):
    with pytest.raises(
        UserError, match=r"a worker that prepares faces died, 3 times .* lower cluster.prepare_workers"
    ):
        list(mapper(_die, [1, 2]))
