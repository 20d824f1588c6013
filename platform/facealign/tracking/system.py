"""The load of each machine that takes part, beside the training's metrics in its run."""

import importlib.util
import logging
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from facealign.tracking.address import sqlite_path
from facealign.tracking.handles import Run
from facealign.tracking.mlflow_tracker import MlflowTracker

_MB = 1e6


class Machine:
    """Measures the machine; the processor and the network since the measurement before.

    In a container the metrics are those of the machine around it.

    Args:
        folder: On the disk whose free space counts.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        psutil.cpu_percent()  # the first answer covers no time and is 0
        self._then, self._traffic = time.monotonic(), psutil.net_io_counters()

    def measure(self) -> dict[str, float]:
        """The metrics of this moment.

        Raises:
            Exception: Whatever keeps the system, or a driver of it, from answering.
        """
        memory = psutil.virtual_memory()
        return {
            "cpu_utilization_percentage": psutil.cpu_percent(),
            "system_memory_usage_megabytes": (memory.total - memory.available) / _MB,
            "system_memory_usage_percentage": memory.percent,
            "disk_available_megabytes": psutil.disk_usage(str(self._folder)).free / _MB,
            **self._network(),
            **gpus(),
        }

    def _network(self) -> dict[str, float]:
        now, traffic = time.monotonic(), psutil.net_io_counters()
        then, before = self._then, self._traffic
        self._then, self._traffic = now, traffic
        if traffic is None or before is None or now == then:  # a machine may have no network
            return {}
        scale = 1 / _MB / (now - then)
        return {
            "network_receive_megabytes_per_second": (traffic.bytes_recv - before.bytes_recv) * scale,
            "network_transmit_megabytes_per_second": (traffic.bytes_sent - before.bytes_sent) * scale,
        }


def gpus() -> dict[str, float]:
    """Memory and load of the CUDA devices, numbered as this process sees them.

    With NVIDIA's library for Python (the package nvidia-ml-py), of all that this process sees. Without it, only
    the memory of those it computes on: to ask another would occupy memory there.
    """
    import torch

    if not torch.cuda.is_available():
        return {}
    metrics: dict[str, float] = {}
    managed = importlib.util.find_spec("pynvml") is not None
    for index in range(torch.cuda.device_count()):
        if managed:
            metrics[f"gpu_{index}_utilization_percentage"] = torch.cuda.utilization(index)
            metrics[f"gpu_{index}_memory_usage_megabytes"] = torch.cuda.device_memory_used(index) / _MB
        elif torch.cuda.memory_reserved(index):
            free, total = torch.cuda.mem_get_info(index)
            metrics[f"gpu_{index}_memory_usage_megabytes"] = (total - free) / _MB
    return metrics


_log = logging.getLogger(__name__)
_PATIENCE = 5.0


@contextmanager
def system_metrics(run: Run | None, spool_dir: Path, node: str) -> Iterator[None]:
    """Inside the block, a thread samples this machine into the run, under ``system/<node>/…``.

    One process of each machine is to enter it. Nothing that goes wrong with it reaches the block. The time of a
    sample is the clock's; its step is the second since 1970, so that samples of several attempts stay in order.

    Args:
        run: What ``open_run`` gave the driver, with the interval in it; None, and nothing is sampled.
        spool_dir: Holds the spools of every run.
        node: Names the machine.
    """
    sampler = _start(run, spool_dir, re.sub(r"[^\w.-]", "-", node))
    try:
        yield
    finally:
        if sampler is not None:
            sampler.close()


def _start(run: Run | None, spool_dir: Path, node: str) -> "_Sampler | None":
    if run is None or run.sample_every is None or not _sees(run):
        return None
    try:
        return _Sampler(
            MlflowTracker(run, spool_dir, _PATIENCE, may_open=False), spool_dir, node, run.sample_every
        )
    except OSError as error:
        _log.warning("this machine's load is not sampled: %s", error)
        return None


class _Sampler:
    """The thread."""

    def __init__(self, tracker: MlflowTracker, disk: Path, node: str, every: float) -> None:
        self._tracker, self._node = tracker, node
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(disk, every), name="facealign-system", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Take a last sample, and wait a bounded time for what is outstanding."""
        self._closed.set()
        self._thread.join(_PATIENCE)
        self._tracker.close()

    def _run(self, disk: Path, every: float) -> None:
        try:
            machine = Machine(disk)
            closed = False
            while not closed:
                closed = self._closed.wait(every)
                metrics = machine.measure()
                self._tracker.samples({f"system/{self._node}/{name}": value for name, value in metrics.items()})
        except Exception as error:  # noqa: BLE001 - no failure of measuring may reach the training
            _log.warning("this machine's load is no longer sampled: %s", error)


def _sees(run: Run) -> bool:
    """Whether this machine sees the run's SQLite file, where it is in one."""
    database = sqlite_path(run.uri)
    return database is None or database.exists()
