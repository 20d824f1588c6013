"""What changes little costs little, and what comes out is what a first preparation would make."""

import shutil
import subprocess
import sys

import numpy as np
import pytest

from data.sources.written.pts_files import put_face
from facealign.config import UserError
from facealign.data.preparing import making
from facealign.data.preparing.prepare import prepare
from facealign.data.shards.index import Index
from facealign.data.shards.reader import ShardReader
from facealign.data.shards.verify import verify
from facealign.storage.uris import open_store

pytestmark = pytest.mark.thorough

FACES = 60


@pytest.fixture(scope="module")
def drawn_once(tmp_path_factory):
    root = tmp_path_factory.mktemp("faces")
    for i in range(FACES):
        put_face(root, f"afw/{i:03d}_1", i)
    for i in range(4):
        put_face(root, f"ibug/{i:03d}_1", 1000 + i)
    return root


@pytest.fixture
def root(drawn_once, tmp_path):
    return shutil.copytree(drawn_once, tmp_path / "faces")


@pytest.fixture
def settings(drawn, root):
    return drawn(source="300w", root=str(root), shards={"megabytes": 0.012}, max_quarantined=0.2)


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def fresh(settings, tmp_path):
    """The bytes of a first preparation."""
    shutil.rmtree(tmp_path / "fresh", ignore_errors=True)
    prepare(settings, tmp_path / "fresh")
    return files(tmp_path / "fresh")


def test_nothing_is_read_or_written_where_nothing_changed(settings, tmp_path, monkeypatch):
    out = tmp_path / "out"
    first = prepare(settings, out)
    assert (first.written, first.loaded) == (sum(map(len, first.index.folds.values())), FACES + 4)
    times = {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in out.glob("*.arrow")}
    monkeypatch.setattr(type(settings.open_source()), "load", None)
    monkeypatch.setattr(making, "write_shard", None)
    again = prepare(settings, out)
    assert (again.written, again.loaded, again.index) == (0, 0, first.index)
    assert times == {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in out.glob("*.arrow")}


def change(root, name):
    put_face(root, f"afw/{name}", 500)


def remove(root, name):
    (root / f"afw/{name}.png").unlink()
    (root / f"afw/{name}.pts").unlink()


def add(root, name):
    put_face(root, f"afw/{name}b_1", 501)


def move_a_landmark(root, name):
    path = root / f"afw/{name}.pts"
    lines = path.read_text().splitlines()
    lines[20] = "30.0 30.0"
    path.write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize("edit", [change, remove, add, move_a_landmark])
def test_one_change_costs_one_face_and_its_shard(settings, root, tmp_path, edit):
    out = tmp_path / "out"
    prepare(settings, out)
    before = files(out)
    edit(root, "023_1")
    report = prepare(settings, out)
    assert report.loaded == (0 if edit is remove else 1)
    assert 1 <= report.written <= 3
    assert files(out) == fresh(settings, tmp_path)
    assert verify(out) == []
    kept = [name for name in before if name in files(out) and name.endswith(".arrow")]
    assert len(kept) >= sum(map(len, report.index.folds.values())) - 3


def test_another_cut_moves_faces_without_decoding_any(settings, tmp_path):
    out = tmp_path / "out"
    prepare(settings, out)
    other = settings.model_copy(update={"seed": 9, "validation": 0.5})
    report = prepare(other, out)
    assert report.loaded == 0
    assert report.written > 2
    assert files(out) == fresh(other, tmp_path)


def test_other_sizes_of_shards_decode_nothing(settings, tmp_path):
    out = tmp_path / "out"
    prepare(settings, out)
    other = settings.model_copy(update={"shards": settings.shards.model_copy(update={"megabytes": 0.05})})
    assert prepare(other, out).loaded == 0
    assert files(out) == fresh(other, tmp_path)


@pytest.mark.parametrize("changes", [{"crop": {"size": 48}}, {"shards": {"encoding": "png", "megabytes": 0.05}}])
def test_another_rule_makes_everything_anew(settings, drawn, root, tmp_path, changes):
    out = tmp_path / "out"
    prepare(settings, out)
    other = drawn(**{"source": "300w", "root": str(root), **changes})
    assert prepare(other, out).loaded == FACES + 4
    assert files(out) == fresh(other, tmp_path)


def test_a_bad_sample_is_tried_again_and_nothing_else(settings, root, tmp_path):
    out = tmp_path / "out"
    whole = (root / "afw/007_1.png").read_bytes()
    (root / "afw/007_1.png").write_bytes(whole[:500])
    first = prepare(settings, out)
    before = files(out)
    again = prepare(settings, out)
    assert [one.id for one in first.quarantined] == [one.id for one in again.quarantined] == ["afw/007_1"]
    assert (again.written, again.loaded) == (0, 1)
    assert files(out) == before
    (root / "afw/007_1.png").write_bytes(whole)
    repaired = prepare(settings, out)
    assert (repaired.quarantined, repaired.written, repaired.loaded) == ((), 1, 1)


@pytest.mark.parametrize("damage", ["missing", "short", "flipped"])
def test_damage_is_never_carried_over(settings, root, tmp_path, damage):
    out = tmp_path / "out"
    first = prepare(settings, out)
    shard = first.index.folds["train"][0]
    data = (out / shard.file).read_bytes()
    (out / shard.file).unlink()
    if damage != "missing":
        changed = data[:-1] if damage == "short" else data[:3000] + bytes([data[3000] ^ 1]) + data[3001:]
        (out / shard.file).write_bytes(changed)
    if damage == "flipped":
        # Of the right length: only a look at every byte finds it, and one is taken before rows are copied.
        put_face(root, shard.first, 77)
    report = prepare(settings, out)
    assert report.loaded == shard.rows
    assert verify(out) == []


def test_an_index_that_cannot_be_read_is_no_help_and_no_harm(settings, tmp_path):
    out = tmp_path / "out"
    prepare(settings, out)
    before = files(out)
    (out / "index.json").write_text("{")
    report = prepare(settings, out)
    assert report.loaded == FACES + 4
    assert files(out) == before


@pytest.mark.parametrize("encoding", ["jpeg", "png", "raw"])
def test_every_encoding_keeps_the_picture(settings, drawn, root, tmp_path, encoding):
    out = tmp_path / "out"
    prepare(drawn(source="300w", root=str(root), shards={"encoding": "raw"}), tmp_path / "raw")
    prepare(drawn(source="300w", root=str(root), shards={"encoding": encoding}), out)
    for face, raw in zip(ShardReader(out, "train"), ShardReader(tmp_path / "raw", "train"), strict=True):
        assert face.image().shape == (44, 44, 3)
        assert raw.image().base is not None, "bare pixels are not copied"
        difference = np.abs(face.image().astype(int) - raw.image())
        assert difference.mean() < (6 if encoding == "jpeg" else 1e-9)


def test_a_picture_in_two_folds_is_reported(settings, root, tmp_path):
    for ending in (".png", ".pts"):
        shutil.copy(root / f"afw/011_1{ending}", root / f"ibug/copy_1{ending}")
    for out in (tmp_path / "out", tmp_path / "out"):  # found again where nothing is read anew
        report = prepare(settings, out)
        assert report.metrics()["leaked"] == 1
        assert "1 images are in more than one fold: leaks.csv" in report.message()
        rows = (out / "leaks.csv").read_text().splitlines()[1:]
        assert {tuple(row.split(",")[1:]) for row in rows} == {
            (face.fold, face.id) for face in report.leaks if face.id in ("afw/011_1", "ibug/copy_1")
        }
        assert len(rows) == 2


def test_a_landmark_that_no_face_has_leaves_the_set_without_statistics(tmp_path, drawn, settings, monkeypatch):
    source = type(settings.open_source())
    load = source.load

    def without_the_chin(self, sample):
        record = load(self, sample)
        record.points[8] = np.nan
        return record

    monkeypatch.setattr(source, "load", without_the_chin)
    report = prepare(settings, tmp_path / "out")
    assert report.index.statistics is None
    assert "landmarks [8] are unknown in all" in report.index.no_statistics
    assert "no statistics of the training fold: landmarks [8]" in report.message()


def test_statistics_are_those_of_the_plain_view(settings, tmp_path):
    out = tmp_path / "out"
    prepare(settings, out)
    reader = ShardReader(out, "train")
    room = (reader.index.crop.stored_size - reader.index.crop.size) / 2
    mean = np.mean([face.points - room for face in reader], axis=0)
    np.testing.assert_allclose(reader.statistics().mean_shape, mean, atol=1e-3)


HOLDING = """
import sys, time
from facealign.storage.uris import open_store
with open_store(sys.argv[1]).locked():
    print("locked", flush=True)
    time.sleep(60)
"""


def test_one_preparation_at_a_time(settings, tmp_path):
    out = tmp_path / "out"
    with subprocess.Popen([sys.executable, "-c", HOLDING, str(out)], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "locked\n"
        with pytest.raises(UserError, match="another process is preparing data there"):
            prepare(settings, out)
        other.kill()
    prepare(settings, out)
    assert verify(out) == []


def test_a_shard_that_another_preparation_removed_is_missed_before_the_index_is_written(settings, tmp_path):
    """Where a place has no locks, as a bucket has none."""
    out = tmp_path / "out"
    first = prepare(settings, out)

    def meddle(make, tasks):
        results = [make(task) for task in tasks]
        (out / first.index.folds["train"][0].file).unlink()
        return results

    with pytest.raises(UserError, match="was removed while the data were being prepared"):
        prepare(settings, out, mapper=meddle)
    assert Index.load(open_store(out)) == first.index
