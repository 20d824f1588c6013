"""Objectives besides the NME: size, speed and failure rate of a trial's best model."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import torch

from facealign.data.dataset import FaceDataset
from facealign.data.loader import eval_batches
from facealign.data.shards.reader import ShardReader
from facealign.metrics import nme
from facealign.metrics.curve import failure_rate
from facealign.models.cost import count_parameters_and_macs
from facealign.training import ModelFolder, TrainJob, load_model, predict
from facealign.training.progress import Progress

_WARM, _TIMED = 5, 50
"""Single faces before, and while, the clock runs."""


@dataclass(frozen=True)
class ModelMetrics:
    """Measures a trial's best model.

    Attributes:
        names: Of the metrics: ``parameters``, ``macs``, ``latency_ms``, ``failure_rate``; others are not its own.
        failure_threshold: NME of the validation fold beyond which a face has failed.
    """

    names: tuple[str, ...]
    failure_threshold: float

    def __call__(self, folder: Path, job: TrainJob, progress: Progress) -> dict[str, float]:
        """The metrics of the model in a folder, by name."""
        model = load_model(folder)
        return {name: _MEASURES[name](self, model, job) for name in self.names if name in _MEASURES}

    def _parameters(self, model: ModelFolder, job: TrainJob) -> float:
        return float(model.card.parameters)

    def _macs(self, model: ModelFolder, job: TrainJob) -> float:
        return float(count_parameters_and_macs(model.method, model.card.faces.crop.size).macs)

    def _latency(self, model: ModelFolder, job: TrainJob) -> float:
        """Milliseconds from pixels to landmarks: the median of single faces, on the CPU, by one thread.

        Other trials run beside it, so it tells networks apart and is no promise.
        """
        size = model.card.faces.crop.size
        face = torch.zeros(1, 3, size, size, dtype=torch.uint8)
        with _one_thread(), torch.no_grad():
            return 1000 * median([_seconds(model, face) for _ in range(_WARM + _TIMED)][_WARM:])

    def _failures(self, model: ModelFolder, job: TrainJob) -> float:
        faces = eval_batches(FaceDataset(ShardReader(job.shards, "val")), batch_size=job.train.validation_batch)
        found = predict(model.method, faces, torch.device("cpu"))
        landmarks = model.card.faces.landmarks
        errors = nme(found.predicted, found.truth, found.valid, landmarks, job.train.normalizer, found.ids)
        return failure_rate(errors, self.failure_threshold)


_MEASURES: dict[str, Callable[[ModelMetrics, ModelFolder, TrainJob], float]] = {
    "parameters": ModelMetrics._parameters,
    "macs": ModelMetrics._macs,
    "latency_ms": ModelMetrics._latency,
    "failure_rate": ModelMetrics._failures,
}


def _seconds(model: ModelFolder, face: torch.Tensor) -> float:
    started = time.perf_counter()
    model.method.decode(model.method(face))
    return time.perf_counter() - started


@contextmanager
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
