"""Load of this machine. Names and units are those of MLflow's system metrics; a megabyte is 10⁶ bytes."""

import importlib.util
import time
from pathlib import Path

import psutil

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
