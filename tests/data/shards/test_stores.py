"""Prepared data in a folder, behind file://, in a bucket of an S3 server, and in fsspec's memory."""

import hashlib
import os
import pickle
from pathlib import Path

import pytest

from facealign.config import UserError
from facealign.data.preparing.prepare import prepare
from facealign.data.shards.index import Index
from facealign.data.shards.reader import ShardReader
from facealign.data.shards.verify import verify
from facealign.storage.cache import CACHE_VARIABLE, cache_folder
from facealign.storage.uris import absolute, open_store
from s3 import BUCKET, s3_server

pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def s3():
    with s3_server():
        yield


@pytest.fixture(params=["path", "file", "s3", "memory"])
def place(request, tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    unique = os.path.basename(tmp_path)
    if request.param == "s3":
        request.getfixturevalue("s3")
        return f"s3://{BUCKET}/{unique}/shards"
    return {
        "path": tmp_path / "shards",
        "file": (tmp_path / "a folder" / "shards").as_uri(),
        "memory": f"memory://{unique}/shards",
    }[request.param]


def test_files_come_and_go(place):
    store = open_store(place)
    assert store.names() == []
    assert store.size("a") is None
    with pytest.raises(FileNotFoundError):
        store.read("a")
    store.write("b", b"old")
    store.write("b", memoryview(b"newer"))
    store.write("a", b"")
    assert store.names() == ["a", "b"]
    assert (store.size("a"), store.size("b")) == (0, 5)
    assert pickle.loads(pickle.dumps(store)).read("b") == b"newer"
    assert store.digest("b") == hashlib.sha256(b"newer").hexdigest()
    store.remove("b")
    assert store.names() == ["a"]


def test_a_set_is_the_same_everywhere(place, drawn, tmp_path):
    settings = drawn(shards={"megabytes": 0.01})
    report = prepare(settings, place)
    assert verify(place) == []
    prepare(settings, tmp_path / "local")
    store = open_store(place)
    assert {name: store.read(name) for name in store.names()} == {
        path.name: path.read_bytes() for path in (tmp_path / "local").iterdir()
    }
    assert Index.load(place) == report.index
    reader = pickle.loads(pickle.dumps(ShardReader(place, "train")))
    local = ShardReader(tmp_path / "local", "train")
    assert reader.labels() == local.labels()
    assert [face.image().tobytes() for face in reader] == [face.image().tobytes() for face in local]
    assert reader.statistics().to_bytes() == local.statistics().to_bytes()
    reader.check()


def test_a_second_preparation_keeps_what_is_there(place, drawn):
    settings = drawn(shards={"megabytes": 0.01})
    first = prepare(settings, place)
    again = prepare(settings, place)
    assert (again.index, again.written, again.loaded) == (first.index, 0, 0)
    more = prepare(drawn(shards={"megabytes": 0.01}, seed=5), place)
    assert verify(place) == []
    assert more.index != first.index


def test_damage_is_found_where_it_lies(place, drawn):
    prepare(drawn(), place)
    store = open_store(place)
    shard = Index.load(place).folds["train"][0]
    data = bytearray(store.read(shard.file))
    data[len(data) // 2] ^= 1
    store.write(shard.file, data)
    assert [problem.file for problem in verify(place)] == [shard.file]
    with pytest.raises(UserError, match=f"{shard.file[-22:]}.*SHA-256"):
        ShardReader(place, "train").check()
    store.remove(shard.file)
    with pytest.raises(UserError, match=rf"{shard.file}: is missing; .* prepare the data again"):
        ShardReader(place, "train")[0]


def test_a_buckets_shards_are_fetched_once(s3, drawn, tmp_path, monkeypatch):
    place, cache = f"s3://{BUCKET}/once", tmp_path / "cache"
    monkeypatch.setenv(CACHE_VARIABLE, str(cache))
    report = prepare(drawn(), place)
    assert not cache.exists()
    ShardReader(place, "val").check()
    (fetched,) = (cache / "shards").iterdir()
    assert fetched.stem == report.index.folds["val"][0].sha256
    written = fetched.stat().st_mtime_ns
    ShardReader(place, "val").check()
    assert fetched.stat().st_mtime_ns == written


def test_a_bucket_that_is_not_there(s3, drawn):
    with pytest.raises(UserError, match=r"s3://absent/x/.*does not exist.*check the address"):
        prepare(drawn(), "s3://absent/x")


def test_an_address_that_no_library_opens():
    with pytest.raises(UserError, match="nowhere://x: no library here opens it"):
        open_store("nowhere://x")


def test_addresses_are_made_absolute(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert absolute("a/b") == absolute(Path("a/b")) == str(tmp_path / "a/b")
    assert absolute("s3://bucket/a") == "s3://bucket/a"


@pytest.mark.parametrize("named", [True, False])
def test_where_fetched_files_are_kept(named, monkeypatch, tmp_path):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "named") if named else "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ("named" if named else "facealign")
