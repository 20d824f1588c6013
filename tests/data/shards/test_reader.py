import json
import pickle
import re
from pathlib import Path

import numpy as np
import pytest

from facealign.config import UserError, digest_json
from facealign.data.shards.index import DamagedIndex, Index
from facealign.data.shards.reader import ShardReader


def test_rows_are_counted_through_the_shards(stored, make_face):
    assert len(stored.index.folds["train"]) > 2
    for row in (39, 0, 17):
        assert stored[row].labels == make_face(row).labels


def test_labels_come_in_row_order(stored, make_face):
    assert stored.labels() == [make_face(i).labels for i in range(40)]


@pytest.mark.parametrize("row", [-1, 40])
def test_rows_outside_are_refused(stored, row):
    with pytest.raises(IndexError, match="of 40 in fold train"):
        stored[row]


def test_nothing_is_copied(stored):
    """Points, maps and encoded images are views of the mapped file, so they cannot be written to."""
    face = stored[0]
    for values in (face.encoded, face.points, face.to_photo):
        assert not values.flags.owndata
        assert not values.flags.writeable


def test_a_reader_is_pickled_without_its_maps(stored):
    stored[0]
    data = pickle.dumps(stored)
    assert len(data) < 20_000
    np.testing.assert_array_equal(pickle.loads(data)[5].points, stored[5].points)


def test_no_prepared_data(tmp_path):
    with pytest.raises(UserError, match=r"index.json: no such file.* prepare the data first"):
        ShardReader(tmp_path, "train")


def _rewrite(stored, **changes):
    """An index that is whole, but another."""
    index = stored.index.model_copy(update=changes)
    (stored.folder / "index.json").write_bytes(index.to_bytes())


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ('"format_version": 3', '"format_version": 2', "has format version 2, and this program reads version 3"),
        ('"format_version"', '"edition"', "has no format version, and this program reads version 3"),
        ('"rows"', '"lines"', "damaged: its content is not what its digest says"),
        ('"seed": 0', '"seed": 1', "damaged: its content is not what its digest says"),
        ('"seed": 0', '"seed":  0', "damaged: its content is not what its digest says"),
        ('"seed": 0', '"seed": NaN', "damaged"),
        ("{", "", "damaged: not JSON"),
        ("{", "[{", "damaged: not JSON"),
    ],
)
def test_a_damaged_index(stored, old, new, rule):
    path = stored.folder / "index.json"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DamagedIndex, match=f"index.json: {rule}.*; prepare the data again"):
        Index.load(stored.folder)


def test_an_index_with_unknown_keys(stored):
    tree = {**stored.index.model_dump(mode="json"), "color": "red"}
    data = json.dumps({**tree, "digest": digest_json(tree)}, indent=1, ensure_ascii=False) + "\n"
    (stored.folder / "index.json").write_text(data, encoding="utf-8")
    with pytest.raises(DamagedIndex, match=r"not an index of this version: color: Extra inputs"):
        Index.load(stored.folder)


def test_other_columns_are_refused(stored):
    _rewrite(stored, columns="0" * 64)
    with pytest.raises(UserError, match="the columns are not those this version reads"):
        ShardReader(stored.folder, "train")


@pytest.mark.parametrize("damage", ["missing", "short", "garbage"])
def test_a_damaged_shard_says_so_when_it_is_opened(stored, damage):
    path = stored.folder / stored.index.folds["train"][0].file
    data = path.read_bytes()
    path.unlink()
    if damage != "missing":
        path.write_bytes(data[:-9] if damage == "short" else bytes(len(data)))
    with pytest.raises(UserError, match="prepare the data again"):
        stored[0]


def test_an_empty_fold_says_so(stored):
    with pytest.raises(UserError, match=r"fold test has no face: data set 'made' gave none"):
        ShardReader(stored.folder, "test")


def test_landmarks_come_shard_by_shard(stored):
    chunks = list(stored.landmarks())
    assert [len(points) for points, _ in chunks] == [shard.rows for shard in stored.index.folds["train"]]
    points, valid = (np.concatenate(parts) for parts in zip(*chunks, strict=True))
    np.testing.assert_array_equal(points, [face.points for face in stored])
    np.testing.assert_array_equal(valid, [face.valid for face in stored])
    assert valid.dtype == np.bool_


def test_a_set_without_statistics_says_why(stored):
    with pytest.raises(UserError, match="has no statistics: none are made here"):
        stored.statistics()


def test_a_check_reads_every_byte_of_the_fold(stored):
    stored.check()
    path = stored.folder / stored.index.folds["train"][1].file
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(UserError, match=f"{path.name}: damaged: SHA-256 .*; remove it and prepare the data again"):
        stored.check()


def _anonymous_kilobytes():
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.search(r"RssAnon:\s+(\d+)", status)[1])


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="memory is read from Linux's /proc")
def test_reading_on_and_on_takes_no_more_memory(stored):
    """Pages of the mapped file are the kernel's; what a worker holds itself must not grow with faces seen."""

    def read(times):
        for _ in range(times):
            for row in range(len(stored)):
                assert stored[row].labels.id

    def growth():
        before = _anonymous_kilobytes()
        read(500)
        return _anonymous_kilobytes() - before

    read(50)
    # The allocator may take a piece once, for whatever ran before; a leak grows every time.
    assert min(growth() for _ in range(3)) < 1000
