import pickle

import numpy as np
import pytest

from facealign.config import UserError
from facealign.data.shards.index import Index
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
    """Points, maps and encoded pictures are views of the mapped file, so they cannot be written to."""
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


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ('"version": 1', '"version": 9', "version: Input should be 1"),
        ('"rows"', '"lines"', "Field required"),
        ("{", "", "the whole file: Invalid JSON"),
    ],
)
def test_a_damaged_index(stored, old, new, rule):
    path = stored.folder / "index.json"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(UserError, match=f"not an index of this version: .*{rule}.*; prepare the data again"):
        Index.load(stored.folder)


def test_other_columns_are_refused(stored):
    path = stored.folder / "index.json"
    path.write_text(path.read_text(encoding="utf-8").replace(stored.index.columns, "0" * 64), encoding="utf-8")
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
