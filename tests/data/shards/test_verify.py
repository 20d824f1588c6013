import numpy as np
import pytest

from facealign.data.shards.verify import ShardProblem, verify


def test_a_whole_set_has_no_problem(stored):
    assert verify(stored.folder) == []


@pytest.mark.parametrize("place", np.linspace(0, 0.999, 9).tolist())
def test_one_changed_bit_is_found_wherever_it_is(stored, place):
    path = stored.folder / stored.index.folds["train"][1].file
    data = bytearray(path.read_bytes())
    data[int(place * len(data))] ^= 1
    path.write_bytes(data)
    (problem,) = verify(stored.folder)
    assert problem.file == path.name
    assert "SHA-256" in problem.reason


def test_missing_short_and_strange_files_are_found(stored):
    first, second, *_ = (stored.folder / shard.file for shard in stored.index.folds["train"])
    first.unlink()
    second.write_bytes(second.read_bytes()[:-1])
    (stored.folder / "train-0000.arrow").write_bytes(b"")
    (stored.folder / ".unfinished-index.json").write_bytes(b"")
    (stored.folder / "quarantine.csv").write_bytes(b"")
    found = {problem.file: problem.reason for problem in verify(stored.folder)}
    assert found.keys() == {first.name, second.name, "train-0000.arrow", ".unfinished-index.json"}
    assert found[first.name].startswith("is missing")
    assert "the index says" in found[second.name]
    assert "cut short" in found[".unfinished-index.json"]


def test_a_wrong_row_count_is_found(stored):
    shard, *others = stored.index.folds["train"]
    folds = {**stored.index.folds, "train": (shard.model_copy(update={"rows": 1000}), *others)}
    (stored.folder / "index.json").write_bytes(stored.index.model_copy(update={"folds": folds}).to_bytes())
    assert verify(stored.folder) == [
        ShardProblem(shard.file, f"has {shard.rows} rows, the index says 1000; prepare the data again")
    ]
