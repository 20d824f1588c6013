"""Where shards end is decided by ids alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facealign.data.preparing.planning import in_folds, runs, shard_tasks
from facealign.data.shards.index import Index, Shard, SourceNote
from facealign.data.shards.settings import ShardSettings
from facealign.data.sources.base import Sample
from facealign.geometry import CropSettings, load_schema


def cut(ids, mean):
    return list(runs(ids, mean, str))


def names(count):
    return [f"face/{i:06d}" for i in range(count)]


@given(st.lists(st.text(max_size=6), unique=True), st.floats(1, 40))
def test_nothing_is_lost_and_lengths_are_bounded(ids, mean):
    parts = cut(ids, mean)
    assert [one for part in parts for one in part] == ids
    assert all(mean / 2 <= len(part) for part in parts[:-1])
    assert all(1 <= len(part) <= max(2 * mean, 1) for part in parts)


@pytest.mark.parametrize("mean", [1, 8, 100])
def test_the_mean_is_about_what_was_asked_for(mean):
    lengths = [len(part) for part in cut(names(200 * mean), mean)]
    assert 0.85 * mean <= np.mean(lengths) <= 1.15 * mean


@pytest.mark.parametrize("change", ["removed", "added"])
@pytest.mark.parametrize("place", [10, 1234, 4990])
def test_one_more_or_fewer_moves_borders_only_nearby(change, place):
    ids = names(5000)
    before = {tuple(part) for part in cut(ids, 40)}
    changed = ids[:place] + ids[place + 1 :] if change == "removed" else [*ids[:place], "new", *ids[place:]]
    after = {tuple(part) for part in cut(changed, 40)}
    assert 1 <= len(after - before) <= 4


def sample(i, fold="train"):
    return Sample(id=f"{fold}/{i:04d}", fold=fold, subset="s", photo=f"{i}")


def test_folds_are_sorted_and_tasks_numbered_through_them():
    samples = [sample(i, fold) for fold in ("test", "train") for i in reversed(range(50))]
    folds = in_folds(samples, 0.3, seed=0)
    assert sorted(one.id for part in folds.values() for one in part) == sorted(one.id for one in samples)
    for part in folds.values():
        assert [one.id for one in part] == sorted(one.id for one in part)
    tasks = shard_tasks(folds, 8, None)
    assert [task.number for task in tasks] == list(range(len(tasks)))
    assert [one for task in tasks for one in task.samples] == [one for part in folds.values() for one in part]
    assert {one.fold for task in tasks for one in task.samples if task.fold == "test"} == {"test"}


def test_a_task_knows_the_older_shards_that_may_hold_its_samples():
    def shard(first, last):
        ids = {"first": f"train/{first:04d}", "last": f"train/{last:04d}"}
        return Shard(file=f"{first}", rows=1, bytes=1, sha256="", **ids)

    before = Index(
        source=SourceNote(name="s", options={}, digest=""),
        landmarks=load_schema("ibug68"),
        crop=CropSettings(),
        shards=ShardSettings(),
        validation=0.1,
        seed=0,
        columns="",
        folds={"train": (shard(0, 9), shard(10, 19), shard(20, 29)), "val": (shard(5, 25),), "test": ()},
    )
    (task,) = shard_tasks({"train": [sample(i) for i in range(12, 20)], "val": [], "test": []}, 100, before)
    assert [(one.first, one.last) for one in task.before] == [
        ("train/0010", "train/0019"),
        ("train/0005", "train/0025"),
    ]


@pytest.mark.parametrize(("encoding", "bytes_per_pixel"), [("jpeg", 0.35), ("png", 1.4), ("raw", 3)])
def test_the_mean_number_of_rows_follows_from_the_bytes_of_a_face(encoding, bytes_per_pixel):
    rows = ShardSettings(encoding=encoding, megabytes=16).mean_rows(352, 98)
    assert rows == pytest.approx(16e6 / (bytes_per_pixel * 352**2), rel=0.05)
    assert ShardSettings(encoding=encoding, megabytes=0.001).mean_rows(352, 98) == 1
