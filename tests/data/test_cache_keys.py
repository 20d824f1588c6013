"""The identity of prepared data does not depend on source text; what may be reused does."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import facealign
from facealign.config import digest_json
from facealign.data.preparing.cache_keys import ShardKeys, StatisticsKeys, read_shard_keys, read_statistics_keys
from facealign.data.preparing.prepare import prepare
from facealign.data.shards.index import FORMAT_VERSION, DamagedIndex, Index
from facealign.data.shards.verify import verify
from facealign.data.shards.writer import KEYS_SUFFIX
from facealign.storage.local import Folder
from facealign.storage.uris import open_store

PREPARE = """
import sys
from facealign.data.config import DataConfig
from facealign.data.preparing.prepare import prepare
settings = {"crop": {"size": 32}, "validation": 0.3, "synthetic": {"train": 12, "test": 4, "size": 64}}
report = prepare(DataConfig.model_validate(settings), sys.argv[1])
print(report.index.digest, report.loaded)
"""


@pytest.fixture
def prepared(tmp_path, drawn):
    folder = tmp_path / "shards"
    return folder, prepare(drawn(), folder).index


def bytes_of(folder: Path, *, keys: bool) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes()
        for path in sorted(folder.iterdir())
        if path.is_file() and (keys or not path.name.endswith(KEYS_SUFFIX))
    }


def add_comment(text: str) -> str:
    return text + "\n# A comment.\n"


def edit_docstring(text: str) -> str:
    return text.replace('"""', '"""Edited: ', 1) if text.startswith('"""') else text


def add_code(text: str) -> str:
    return text + "\n_ADDED = 1\n"


def test_source_text_leaves_the_digest_and_is_noticed(tmp_path):
    """Each module of the package is edited; the data keep their digest and bytes, and are prepared again."""
    copy = tmp_path / "platform"
    shutil.copytree(
        Path(facealign.__file__).parent, copy / "facealign", ignore=shutil.ignore_patterns("__pycache__")
    )
    environment = {**os.environ, "PYTHONPATH": str(copy), "FACEALIGN_CACHE": str(tmp_path / "cache")}

    def run(out: Path) -> list[str]:
        command = [sys.executable, "-c", PREPARE, str(out)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, cwd=tmp_path)
        return done.stdout.split()

    folder = tmp_path / "shards"
    digest, loaded = run(folder)
    before, keys_before = bytes_of(folder, keys=False), bytes_of(folder, keys=True)
    assert loaded == "16"
    assert run(folder) == [digest, "0"]
    for edit in (add_comment, edit_docstring, add_code):
        for path in copy.rglob("*.py"):
            path.write_text(edit(path.read_text(encoding="utf-8")), encoding="utf-8")
        assert run(folder) == [digest, "16"]
        assert bytes_of(folder, keys=False) == before
        keys = bytes_of(folder, keys=True)
        assert keys.keys() == keys_before.keys()
        assert all(keys[name] != keys_before[name] for name in keys if name.endswith(KEYS_SUFFIX))
        keys_before = keys


def test_the_index_names_no_key(prepared):
    folder, index = prepared
    text = (folder / "index.json").read_text(encoding="utf-8")
    store = open_store(folder)
    for shards in index.folds.values():
        for shard in shards:
            keys = read_shard_keys(store, shard.file)
            assert isinstance(keys, ShardKeys)
            assert len(keys.rows) == shard.rows
            assert keys.inputs not in text
    statistics = read_statistics_keys(store, index.statistics.file)
    assert isinstance(statistics, StatisticsKeys)
    assert statistics.code not in text


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b"[" * 100_000, b'{"inputs": 1, "rows": []}', b"\xff\xfe", None]
)
def test_damaged_keys_cost_time_and_nothing_else(prepared, drawn, damage):
    """Whatever the keys are, preparing again gives the same bytes and writes them anew."""
    folder, index = prepared
    good = bytes_of(folder, keys=True)
    for path in folder.glob(f"*{KEYS_SUFFIX}"):
        if damage is None:
            path.unlink()
        else:
            path.write_bytes(damage)
    assert verify(folder) == []
    report = prepare(drawn(), folder)
    assert report.loaded == 28
    assert report.index.digest == index.digest
    assert bytes_of(folder, keys=True) == good


def test_one_damaged_key_reads_one_shard_again(prepared, drawn):
    folder, index = prepared
    shard = index.folds["test"][0]
    (folder / (shard.file + KEYS_SUFFIX)).write_bytes(b"damaged")
    report = prepare(drawn(), folder)
    assert report.loaded == shard.rows
    assert report.index.digest == index.digest


def test_keys_that_cannot_be_read_are_like_missing_ones(prepared, drawn, monkeypatch):
    folder, index = prepared
    good, read = bytes_of(folder, keys=True), Folder.read

    def refuse_keys(self, name):
        if name.endswith(KEYS_SUFFIX):
            raise PermissionError(13, "Permission denied", name)
        return read(self, name)

    monkeypatch.setattr(Folder, "read", refuse_keys)
    report = prepare(drawn(), folder)
    assert (report.loaded, report.index.digest) == (28, index.digest)
    assert bytes_of(folder, keys=True) == good


def test_keys_without_their_file_are_found_and_removed(prepared, drawn):
    folder, _ = prepared
    stray = folder / f"train-0123456789abcdef.arrow{KEYS_SUFFIX}"
    stray.write_bytes(b"{}")
    assert [problem.file for problem in verify(folder)] == [stray.name]
    prepare(drawn(), folder)
    assert not stray.exists()


def test_data_of_the_former_version_is_recognized(prepared):
    """Until version 3 the key was called ``version``; the message names both versions and the remedy."""
    folder, index = prepared
    tree = index.model_dump(mode="json")
    del tree["format_version"]
    tree["version"] = 2
    data = json.dumps({**tree, "digest": digest_json(tree)}, indent=1, ensure_ascii=False) + "\n"
    (folder / "index.json").write_text(data, encoding="utf-8")
    message = f"has format version 2, and this program reads version {FORMAT_VERSION}; prepare the data again: "
    with pytest.raises(DamagedIndex, match=message + "`dvc repro prepare`"):
        Index.load(folder)


def test_data_of_the_former_version_is_prepared_anew(prepared, drawn):
    folder, index = prepared
    (folder / "index.json").write_text('{"version": 2}', encoding="utf-8")
    assert prepare(drawn(), folder).index.digest == index.digest
