import csv
import signal
import subprocess
import sys
from itertools import chain
from pathlib import Path

import pytest

from facealign.config import UserError
from facealign.data.preparing.prepare import prepare
from facealign.data.shards.index import Index
from facealign.data.shards.reader import ShardReader
from facealign.data.shards.verify import verify

REPOSITORY = Path(__file__).resolve().parents[2]


def _files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_every_sample_lands_in_one_fold(drawn, tmp_path):
    settings = drawn()
    told = []
    report = prepare(settings, tmp_path, lambda done, of: told.append((done, of)))
    ids = {
        fold: [labels.id for labels in ShardReader(tmp_path, fold).labels()] for fold in ("train", "val", "test")
    }
    assert sorted(chain(*ids.values())) == [sample.id for sample in settings.open_source().samples()]
    assert {name.split("/")[0] for name in ids["test"]} == {"test"}
    counts = {fold: len(part) for fold, part in ids.items()}
    assert report.metrics() == {**counts, "quarantined": 0, "leaked": 0}
    assert told == [(done, 28) for done in range(1, 29)]
    assert report.index == Index.load(tmp_path)
    assert verify(tmp_path) == []
    assert report.index.digest[:12] in report.message()


def test_the_bytes_do_not_depend_on_who_makes_the_shards_nor_when(drawn, tmp_path):
    settings = drawn(shards={"megabytes": 0.005})
    prepare(settings, tmp_path / "one")
    prepare(settings, tmp_path / "again")
    told = []
    backwards = lambda make, tasks: map(make, reversed(tasks))  # noqa: E731
    report = prepare(settings, tmp_path / "two", lambda done, of: told.append((done, of)), backwards)
    assert _files(tmp_path / "one") == _files(tmp_path / "again") == _files(tmp_path / "two")
    assert report.written == len(told) > 3
    assert told[-1] == (28, 28)


def test_settings_change_the_digest(drawn, tmp_path):
    digests = {
        prepare(settings, tmp_path / str(i)).index.digest
        for i, settings in enumerate([drawn(), drawn(seed=1), drawn(validation=0.5), drawn(crop={"size": 48})])
    }
    assert len(digests) == 4


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"validation": 1e-9}, "fold val has no sample: raise data.validation"),
        ({"validation": 1 - 1e-9}, "fold train has no sample: .*lower data.validation"),
    ],
)
def test_empty_folds_are_refused(drawn, tmp_path, changes, message):
    with pytest.raises(UserError, match=message):
        prepare(drawn(**changes), tmp_path / "out")
    assert not (tmp_path / "out").exists()


KILLED = """
import os, signal, sys
from pathlib import Path
from facealign.data.config import DataConfig
from facealign.data.preparing.prepare import prepare

def kill_near_the_end(done, of):
    if done == of - 1:
        os.kill(os.getpid(), signal.SIGKILL)

prepare(DataConfig.model_validate_json(sys.argv[1]), Path(sys.argv[2]), kill_near_the_end)
"""


@pytest.mark.parametrize("was_there", [False, True])
def test_a_killed_writer_leaves_what_was_there(drawn, tmp_path, was_there):
    """Nothing, or the older set: never half of a new one."""
    older = prepare(drawn(), tmp_path).index.digest if was_there else None
    settings = drawn(shards={"megabytes": 0.004})
    command = [sys.executable, "-c", KILLED, settings.model_dump_json(), str(tmp_path)]
    done = subprocess.run(command, env={"PYTHONPATH": str(REPOSITORY / "platform")}, check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(list(tmp_path.glob("*.arrow"))) > 5
    if was_there:
        assert Index.load(tmp_path).digest == older
        assert all(face.image().any() for face in ShardReader(tmp_path, "train"))
    else:
        with pytest.raises(UserError, match="holds no prepared data"):
            Index.load(tmp_path)
    prepare(settings, tmp_path)
    assert verify(tmp_path) == []


@pytest.fixture
def faces(real_faces, tmp_path):
    """Real faces, some of them spoilt."""
    root = tmp_path / "faces"
    for path in sorted(real_faces.rglob("*.*")):
        copy = root / path.relative_to(real_faces)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    first, second, third, *_ = sorted((root / "afw").glob("*.jpg"))
    first.write_bytes(first.read_bytes()[:20_000])
    second.with_suffix(".pts").unlink()
    annotation = third.with_suffix(".pts")
    lines = annotation.read_text(encoding="ascii").splitlines(keepends=True)
    annotation.write_text("".join(lines[:9] + lines[10:]), encoding="ascii")
    return root


@pytest.mark.real
def test_bad_samples_are_reported_and_left_out(faces, drawn, tmp_path):
    settings = drawn(source="300w", root=str(faces), max_quarantined=0.5)
    report = prepare(settings, tmp_path / "out")
    ids = [sample.id for sample in settings.open_source().samples()]
    assert report.metrics()["quarantined"] == 3
    with (tmp_path / "out" / "quarantine.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["id"]: row["reason"].split(";")[0].split(":")[0] for row in rows} == {
        ids[0]: "cannot be decoded",
        ids[1]: "a .pts of the same name belongs beside it",
        ids[2]: "holds 67 points, ibug68 has 68",
    }
    stored = {
        labels.id for fold in ("train", "val", "test") for labels in ShardReader(tmp_path / "out", fold).labels()
    }
    assert stored.isdisjoint(row["id"] for row in rows)
    assert len(stored) + 3 == len(ids)


@pytest.mark.real
def test_too_many_bad_samples_are_a_failure(faces, drawn, tmp_path):
    with pytest.raises(UserError) as caught:
        prepare(drawn(source="300w", root=str(faces), max_quarantined=0.1), tmp_path / "out")
    message = str(caught.value)
    assert message.startswith("3 of 15 samples (20.0%) cannot be used, data.max_quarantined allows 10.0%")
    assert str(tmp_path / "out" / "quarantine.csv") in message
    assert message.count("\n  afw/") == 3
    with pytest.raises(UserError, match="no prepared data"):
        Index.load(tmp_path / "out")


@pytest.mark.real
@pytest.mark.parametrize(("part", "empty"), [("afw", ["test"]), ("helen/testset", ["train", "val"])])
def test_a_data_set_for_training_or_for_testing_alone(real_faces, drawn, tmp_path, part, empty):
    (tmp_path / "300W" / part).parent.mkdir(parents=True)
    (tmp_path / "300W" / part).symlink_to(real_faces / part)
    out = tmp_path / "out"
    report = prepare(drawn(source="300w", root=str(tmp_path / "300W")), out)
    assert [fold for fold in report.index.folds if not report.index.rows(fold)] == empty
    for fold in empty:
        with pytest.raises(UserError, match=f"fold {fold} has no face: data set '300w' gave none"):
            ShardReader(out, fold)
    assert (report.index.statistics is None) == ("train" in empty)
    assert verify(out) == []
