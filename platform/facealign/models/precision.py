"""Keeps parts of a network in float32 under half precision."""

from contextlib import AbstractContextManager, nullcontext

import torch


def full_precision(device: torch.device) -> AbstractContextManager[object]:
    """A context without autocast.

    A coordinate of 128 px has steps of 1 px in bfloat16, so layers that make coordinates run in float32. Their
    inputs are to be cast by the caller.
    """
    if torch.amp.is_autocast_available(device.type) and torch.is_autocast_enabled(device.type):
        return torch.autocast(device.type, enabled=False)
    return nullcontext()
