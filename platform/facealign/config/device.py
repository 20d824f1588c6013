"""Finds a torch device by its name."""

from typing import TYPE_CHECKING

from facealign.config.errors import UserError

if TYPE_CHECKING:
    import torch


def device_named(name: str | None) -> "torch.device":
    """The device, which has been tried.

    Args:
        name: As PyTorch names it, ``cpu``, ``cuda``, ``cuda:1``; None: the first GPU, or else the CPU.

    Raises:
        UserError: This machine has no such device.
    """
    import torch

    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:  # PyTorch built without CUDA asserts
        there = ["cpu", *(f"cuda:{number}" for number in range(torch.cuda.device_count()))]
        reason = str(error).splitlines()[0]
        raise UserError(f"device {name!r}: {reason}; this machine has {', '.join(there)}") from None
    return device
