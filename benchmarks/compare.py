"""The methods at the size of params.yaml, each trained for the same CPU minutes, measured on the same test faces.

    python benchmarks/compare.py 300W_FOLDER [--minutes 3] [--threads 2] [--methods awing …] [--seeds 0 1]
                                 [--source 300w] [--set method.awing.train.batch_size=8]

Each is trained in this process with its own section of params.yaml, but for as many epochs as fit the minutes,
which a few steps before it measure; its schedule spans them. The checkpoint with the best validation NME counts.
Minutes are processor time of all threads, so that they hold on a busy machine too.
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

import torch

from facealign.data.loader import training_plan
from facealign.data.preparing.prepare import prepare
from facealign.data.sampler.order import steps_per_epoch
from facealign.data.shards.index import Index
from facealign.data.shards.reader import ShardReader
from facealign.evaluation.evaluate import evaluate
from facealign.training import TrainJob, World, fit, load_model
from facealign.training.progress import Progress
from facealign.workflows.datasets import settings_for
from facealign.workflows.settings import Params

INTERVAL = 6  # steps between two readings of the clock; those before the first one warm up
HEADER = (
    f"{'method':<12} {'seed':>4} {'epochs':>6} {'faces/CPU s':>11} {'CPU min':>7} "
    f"{'validation %':>12} {'test %':>7} {'of mean shape':>13}"
)


class Quiet:
    """Callback that say nothing and never stop."""

    def log(self, metrics: dict[str, float], step: int) -> None:
        """Ignore the metrics."""

    def epoch(self, progress: Progress, step: int) -> None:
        """Ignore the end of an epoch."""

    def checkpoint(self, folder: Path | None, score: float) -> None:
        """Ignore the checkpoint."""

    def stop_requested(self) -> bool:
        """Never."""
        return False


class Clock(Quiet):
    """Reads the processor time at three log points, and stops the training there.

    Attributes:
        readings: Step and seconds of each.
    """

    def __init__(self) -> None:
        self.readings: list[tuple[int, float]] = []

    def log(self, metrics: dict[str, float], step: int) -> None:
        """Read the clock."""
        self.readings.append((step, time.process_time()))

    def stop_requested(self) -> bool:
        """Asked just before each reading."""
        return len(self.readings) == 2

    @property
    def seconds_per_step(self) -> float:
        """Return the mean seconds of a step between the first and the last reading."""
        (first, started), *_, (last, ended) = self.readings
        return (ended - started) / (last - first)


class Keeper(Quiet):
    """Shows the epochs, and keeps the checkpoint with the lowest validation NME."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder, self.best = name, folder, float("inf")

    def epoch(self, progress: Progress, step: int) -> None:
        """Show it."""
        last = progress.history[-1]
        metrics = f"loss {last.loss:.4g}, validation {last.validation_nme:.2%}"
        print(f"  {self.name} epoch {last.epoch}: {metrics}", file=sys.stderr, flush=True)

    def checkpoint(self, folder: Path | None, score: float) -> None:
        """Keep it if it is the best so far."""
        if folder is not None and score < self.best:
            self.best = score
            shutil.copytree(folder, self.folder, dirs_exist_ok=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", help="the data set's folder; - for a source that needs none")
    parser.add_argument("--source", default="300w")
    parser.add_argument("--params", type=Path, default=Path(__file__).parents[1] / "params.yaml")
    parser.add_argument("--set", dest="settings", nargs="+", default=[], help="key=value, as in params.yaml")
    parser.add_argument("--methods", nargs="+", help="all of params.yaml's if not given")
    parser.add_argument("--minutes", type=float, default=3.0, help="of processor time, for each training")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    root = None if arguments.root == "-" else arguments.root
    params = settings_for(arguments.params, arguments.source, root, arguments.settings, 1)
    with tempfile.TemporaryDirectory() as folder:
        shards = Path(folder) / "shards"
        print(prepare(params.data, shards).message(), file=sys.stderr)
        print(HEADER)
        for name in arguments.methods or params.methods:
            for seed in arguments.seeds:
                print(train_and_measure(name, seed, arguments.minutes, params, shards), flush=True)


def train_and_measure(name: str, seed: int, minutes: float, params: Params, shards: Path) -> str:
    """A row of the table."""
    index = Index.load(shards)
    job = params.job(name, str(shards), index.digest).model_copy(update={"seed": seed})
    epochs = max(1, round(minutes * 60 / seconds_per_epoch(job)))
    with tempfile.TemporaryDirectory() as folder:
        keeper = Keeper(name, Path(folder))
        started = time.process_time()
        fit(with_train(job, epochs=epochs), World(), keeper)
        seconds = time.process_time() - started
        model = load_model(keeper.folder)
    found = evaluate(model, str(shards), "test", params.evaluation, World())
    test, mean_shape = found.errors.mean(), found.mean_shape_errors.mean()
    return (
        f"{name:<12} {seed:4d} {epochs:6d} {epochs * index.rows('train') / seconds:11.1f} {seconds / 60:7.2f} "
        f"{100 * keeper.best:12.2f} {100 * test:7.2f} {test / mean_shape:6.2f} × {100 * mean_shape:4.1f}"
    )


def seconds_per_epoch(job: TrainJob) -> float:
    """Processor time of an epoch's steps, without its validation."""
    clock = Clock()
    fit(with_train(job, epochs=100, log_every=INTERVAL), World(), clock)
    plan = training_plan(ShardReader(job.shards, "train"), job.train.sampling)
    return clock.seconds_per_step * steps_per_epoch(plan.length, job.train.batch_size)


def with_train(job: TrainJob, **changes: int) -> TrainJob:
    """The job with other settings of its training."""
    return job.model_copy(update={"train": job.train.model_copy(update=changes)})


if __name__ == "__main__":
    main()
