"""Training reads its shards from wherever a URI says, with the same result."""

import shutil
from pathlib import Path

import fsspec
import torch

from facealign.storage.cache import CACHE_VARIABLE
from facealign.training import World, fit


class Kept:
    """Callback that keep the weights of the last checkpoint."""

    def __init__(self):
        self.weights = b""

    def log(self, metrics, step):
        pass

    def epoch(self, progress, step):
        pass

    def checkpoint(self, folder, score):
        self.weights = (Path(folder) / "weights.safetensors").read_bytes()

    def stop_requested(self):
        return False


def test_a_bucket_gives_the_weights_that_a_folder_gives(tiny_job, tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    torch.set_num_threads(1)
    bucket = fsspec.filesystem("memory")
    bucket.put(tiny_job.shards, "/training-faces", recursive=True)
    from_folder, from_bucket = Kept(), Kept()
    fit(tiny_job, World(), from_folder, None)
    fit(tiny_job.model_copy(update={"shards": "memory://training-faces"}), World(), from_bucket, None)
    assert from_bucket.weights == from_folder.weights
    assert any((tmp_path / "cache" / "shards").iterdir())
    shutil.rmtree(tmp_path / "cache")
