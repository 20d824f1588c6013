"""The cost of a trained model: parameters, multiply-accumulates, and latency."""

import platform
import statistics
import time

import torch

from facealign.models.cost import count_parameters_and_macs
from facealign.report.comparison.run import RunCost
from facealign.training import ModelFolder

_WARM, _TIMED = 3, 15


def cost_of(model: ModelFolder, device: torch.device, hours: float | None, timed: bool) -> RunCost:
    """The cost of a model.

    Args:
        device: Where a face is timed.
        hours: Of its training.
        timed: Whether to time it.
    """
    size = model.card.faces.crop.size
    counted = count_parameters_and_macs(model.method, size)
    return RunCost(
        parameters=counted.parameters,
        macs=counted.macs,
        milliseconds=_milliseconds(model, size, device) if timed else None,
        machine=_machine(device) if timed else "",
        hours=hours,
    )


@torch.no_grad()
def _milliseconds(model: ModelFolder, size: int, device: torch.device) -> float:
    """The median over some runs of one face, from pixels to landmarks."""
    method = model.method.to(device).eval()
    image = torch.zeros((1, 3, size, size), dtype=torch.uint8, device=device)
    seconds = []
    for _ in range(_WARM + _TIMED):
        started = time.perf_counter()
        method.decode(method(image)).cpu()  # which waits for a GPU
        seconds.append(time.perf_counter() - started)
    return 1000 * statistics.median(seconds[_WARM:])


def _machine(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()} CPU, {torch.get_num_threads()} threads"
