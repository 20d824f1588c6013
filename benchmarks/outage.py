"""Does a training notice that the MLflow server is away, and is everything there in the end?

    python benchmarks/outage.py [--seconds 60]

Trains a small network on synthetic faces in this process, logging every step to a real MLflow server on this
machine. After ``seconds`` the server is killed, after as many more it is started again, and the training goes on
for as long again. Prints a table, and ends with status 1 if a metric is missing, wrong, or there twice.
"""

import argparse
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from facealign.data.config import DataConfig
from facealign.data.preparing.prepare import prepare
from facealign.data.shards.index import Index
from facealign.geometry import CropSettings
from facealign.tracking import MlflowTracker, RunHandle, TrackingSettings, open_run, system_metrics
from facealign.training import TrainJob, World, fit
from facealign.training.config import OptimizerConfig, TrainConfig
from facealign.training.progress import Progress

PHASES = ("before", "away", "after")


class Server:
    """An MLflow server of its own, in a folder."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.uri = f"http://127.0.0.1:{port}"
        self._folder = folder
        self._command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
        self._command += ["--workers", "1", "--backend-store-uri", f"sqlite:///{folder}/mlflow.db"]
        self._command += ["--artifacts-destination", str(folder / "artifacts")]

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=log, cwd=self._folder, start_new_session=True
            )
        while not self._answers():
            if self._process.poll() is not None:
                sys.exit((self._folder / "server.log").read_text())
            time.sleep(0.2)

    def kill(self) -> None:
        """Kill the server as a power cut would."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(f"{self.uri}/health", timeout=1).close()
        except OSError:
            return False
        return True


@dataclass(frozen=True)
class Step:
    """A logged step: its time, its phase, and its metrics."""

    wall: float
    cpu: float
    phase: str
    step: int
    metrics: dict[str, float]


class Recorder:
    """The training's events, to the tracker and to a list."""

    def __init__(self, tracker: MlflowTracker) -> None:
        self.phase: str = PHASES[0]
        self.steps: list[Step] = []
        self.finished = threading.Event()
        self._tracker = tracker

    def log(self, metrics: dict[str, float], step: int) -> None:
        """A step is done."""
        self._tracker.metrics(metrics, step)
        self.steps.append(Step(time.perf_counter(), time.process_time(), self.phase, step, metrics))

    def epoch(self, progress: Progress, step: int) -> None:
        """An epoch is done."""
        self._tracker.metrics({"validation/nme": progress.history[-1].validation_nme}, step)

    def checkpoint(self, folder: Path | None, score: float) -> None:
        """Keep none."""

    def stop_requested(self) -> bool:
        """Whether the third phase is over."""
        return self.finished.is_set()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0, help="of each of the three phases")
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder))
        server.start()
        try:
            run = open_run(TrackingSettings(uri=server.uri, sample_every=1.0), "outage", "outage", "outage")
            assert isinstance(run, RunHandle), "the server answers"
            tracker = MlflowTracker(run, Path(folder) / "spool", patience=300)
            recorder = Recorder(tracker)
            driver = threading.Thread(target=conduct, args=(server, recorder, seconds))
            job = small_job(Path(folder) / "shards")
            driver.start()
            with system_metrics(run, Path(folder) / "spool", "here"):
                fit(job, World(), recorder)
            driver.join()
            tracker.close("FINISHED")
            print_speeds(recorder.steps)
            sys.exit(not all_there(run, recorder.steps))
        finally:
            server.kill()


def small_job(shards: Path) -> TrainJob:
    crop = CropSettings(size=64)
    prepare(DataConfig(source="synthetic", crop=crop, synthetic={"train": 400, "test": 4}), shards)
    train = TrainConfig(
        epochs=100_000, batch_size=8, optimizer=OptimizerConfig(name="adam"), precision="fp32", log_every=1
    )
    network = {"network": {"stacks": 1, "width": 16}}
    digest = Index.load(shards).digest
    return TrainJob(method="awing", model=network, train=train, shards=str(shards), data_digest=digest, seed=0)


def conduct(server: Server, recorder: Recorder, seconds: float) -> None:
    """The server's life. Its start takes seconds of the processor's time, which belong to no phase."""
    time.sleep(seconds)
    server.kill()
    recorder.phase = "away"
    time.sleep(seconds)
    recorder.phase = "starting"
    server.start()
    recorder.phase = "after"
    time.sleep(seconds)
    recorder.finished.set()


def print_speeds(steps: list[Step]) -> None:
    print(f"{'server':<8} {'steps':>6} {'steps/s':>8} {'median ms':>10} {'99 % ms':>8} {'CPU ms a step':>14}")
    for phase in PHASES:
        pairs = [(a, b) for a, b in pairwise(steps) if a.phase == b.phase == phase]
        took = [b.wall - a.wall for a, b in pairs]
        cpu = sum(b.cpu - a.cpu for a, b in pairs) / len(pairs)
        median, slow = statistics.median(took), statistics.quantiles(took, n=100)[-1]
        rate = len(took) / sum(took)
        print(
            f"{phase:<8} {len(took):>6} {rate:>8.1f} {median * 1e3:>10.2f} {slow * 1e3:>8.1f} {cpu * 1e3:>14.2f}"
        )


def all_there(run: RunHandle, steps: list[Step]) -> bool:
    """Compare what MLflow has with what was said, metric by metric."""
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=run.uri)
    said = twice = missing = wrong = 0
    for key in steps[0].metrics:
        expected = {step.step: step.metrics[key] for step in steps}
        history = client.get_metric_history(run.run_id, key)
        count = Counter(figure.step for figure in history)
        said += len(expected)
        twice += sum(number - 1 for number in count.values())
        missing += len(expected.keys() - count.keys())
        wrong += sum(expected.get(figure.step) != figure.value for figure in history)
    samples = len(client.get_metric_history(run.run_id, "system/here/cpu_utilization_percentage"))
    print(f"{said} metrics said; missing in MLflow: {missing}; there twice: {twice}; wrong: {wrong}")
    print(f"{samples} samples of this machine's load, one a second")
    return not (twice or missing or wrong)


if __name__ == "__main__":
    main()
