"""Flipped bytes, killed writers, full disks: a prepared set is whole or it says what is wrong."""

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from facealign.config import UserError
from facealign.data.preparing.prepare import prepare
from facealign.data.shards.index import Index, NoIndex
from facealign.data.shards.reader import ShardReader
from facealign.data.shards.verify import verify
from facealign.data.shards.writer import KEYS_SUFFIX

pytestmark = pytest.mark.thorough

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def whole(drawn, tmp_path_factory):
    out = tmp_path_factory.mktemp("whole") / "shards"
    prepare(drawn(shards={"megabytes": 0.02}), out)
    return out


def test_any_flipped_byte_is_found_and_its_file_named(whole, tmp_path):
    folder = shutil.copytree(whole, tmp_path / "shards")
    draw = random.Random(0)
    names = sorted(path.name for path in folder.iterdir() if path.suffix not in (".csv", KEYS_SUFFIX))
    assert {name.split(".")[-1] for name in names} == {"arrow", "json", "safetensors"}
    for i in range(210):
        path = folder / names[i % len(names)]
        data = path.read_bytes()
        place = draw.randrange(len(data))
        path.write_bytes(data[:place] + bytes([data[place] ^ (1 << draw.randrange(8))]) + data[place + 1 :])
        assert [problem.file for problem in verify(folder)] == [path.name], place
        path.write_bytes(data)
    assert verify(folder) == []


def test_any_flipped_byte_of_a_key_file_leads_to_preparing_its_file_again(whole, drawn, tmp_path):
    """No digest covers the key files, so that no check reports them; preparing compares and repairs them."""
    folder = shutil.copytree(whole, tmp_path / "shards")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    shards = {f"{name}{KEYS_SUFFIX}": file for name, file in Index.load(folder).files().items()}
    draw = random.Random(0)
    for i in range(4 * len(shards)):
        name = sorted(shards)[i % len(shards)]
        data = bytearray(before[name])
        data[place := draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        (folder / name).write_bytes(data)
        assert verify(folder) == []
        rows = getattr(shards[name], "rows", 0)
        assert prepare(drawn(shards={"megabytes": 0.02}), folder).loaded <= rows, place
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before, place


def test_damaged_statistics_are_not_read(whole, tmp_path):
    folder = shutil.copytree(whole, tmp_path / "shards")
    path = folder / Index.load(folder).statistics.file
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(UserError, match=f"{path.name}: damaged"):
        ShardReader(folder, "train").statistics()
    path.unlink()
    with pytest.raises(UserError, match=f"{path.name}: is missing"):
        ShardReader(folder, "train").statistics()


PREPARE = """
import sys
from pathlib import Path
from facealign.data.config import DataConfig
from facealign.data.preparing.prepare import prepare

settings = DataConfig.model_validate_json(sys.argv[1])
prepare(settings, Path(sys.argv[2]), lambda done, of: print(done, flush=True))
"""


def start(settings, out):
    command = [sys.executable, "-c", PREPARE, settings.model_dump_json(), str(out)]
    return subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": str(REPOSITORY / "platform")}, stdout=subprocess.PIPE, text=True
    )


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=pytest.mark.slow)])
def test_a_killed_writer_leaves_nothing_half_done(drawn, tmp_path, kills):
    """Killed at random moments of its work, over a set that was there; then run to its end."""
    small = {"synthetic": {"train": 90, "test": 4, "size": 64}}
    older, newer = (drawn(**small, shards={"megabytes": 0.004}, crop={"size": size}) for size in (32, 48))
    prepare(newer, tmp_path / "undisturbed")
    out = tmp_path / "out"
    first = prepare(older, out).index
    draw = random.Random(kills)
    for _ in range(kills):
        with start(newer, out) as writer:
            writer.stdout.readline()  # it has begun
            time.sleep(draw.uniform(0, 0.4))
            writer.send_signal(signal.SIGKILL)
            writer.stdout.read()
        index = Index.load(out)
        assert index.digest in (first.digest, Index.load(tmp_path / "undisturbed").digest)
        for fold in index.folds:
            ShardReader(out, fold).check()
    prepare(newer, out)
    assert files(out) == files(tmp_path / "undisturbed")


def test_a_first_preparation_that_is_killed_is_not_there(drawn, tmp_path):
    settings = drawn(shards={"megabytes": 0.004}, synthetic={"train": 90, "test": 4, "size": 64})
    with start(settings, tmp_path / "out") as writer:
        writer.stdout.readline()
        writer.send_signal(signal.SIGKILL)
        writer.stdout.read()
    with pytest.raises(NoIndex, match="holds no prepared data"):
        Index.load(tmp_path / "out")


@pytest.fixture
def small_files():
    """No file may be longer than 300 kB: to the writer it looks as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_a_message_and_the_old_set_stays_whole(drawn, tmp_path, small_files):
    first = prepare(drawn(), tmp_path)
    with pytest.raises(
        UserError, match=r"arrow: no room for its \d+\.\d MB .* What was prepared there before is whole"
    ):
        prepare(drawn(shards={"encoding": "raw"}, crop={"size": 96}), tmp_path)
    assert Index.load(tmp_path) == first.index
    assert verify(tmp_path) == []


def test_a_place_that_cannot_be_a_folder(drawn, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UserError, match=r"file: cannot be made or opened as a folder"):
        prepare(drawn(), tmp_path / "file")
