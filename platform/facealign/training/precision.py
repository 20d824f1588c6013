"""Precision of a training: float32, TF32, bf16 or fp16.

=====  ==================================================================================================
fp32   float32 throughout
tf32   float32, whose products CUDA makes of 10-bit mantissas; on a CPU there is no such mode, and it is fp32
bf16   autocast to bfloat16: float32's range, 7-bit mantissas
fp16   autocast to float16: 10-bit mantissas, a range so small that the loss is scaled while gradients are made
auto   bf16 where the device multiplies it faster than float32, else fp32
=====  ==================================================================================================

Weights, their gradients and the optimizer are float32 in all of them, as are losses and decoded coordinates.
"""

from typing import Literal

import torch

PrecisionName = Literal["auto", "fp32", "tf32", "bf16", "fp16"]
"""The precisions by name."""


class Precision:
    """A precision on a device.

    Attributes:
        name: The precision; what ``auto`` chose where it was asked for.
        device: Where it is used.
        dtype: What autocast casts to; None: no autocast.
        scaler: Scales the loss of fp16; hands on everything unchanged in the other precisions.
    """

    def __init__(self, name: PrecisionName, device: torch.device) -> None:
        if name == "auto":
            name = "bf16" if _has_bf16_units(device) else "fp32"
        self.name = name
        self.device = device
        self.dtype = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(name)
        self.scaler = torch.amp.GradScaler(device.type, enabled=name == "fp16")

    def autocast(self) -> torch.autocast:
        """The context of forward pass and loss; a new one for each use."""
        return torch.autocast(self.device.type, self.dtype, enabled=self.dtype is not None)

    def apply(self) -> None:
        """Set the precision of float32 products on CUDA in this process: exact, or TF32.

        Without this PyTorch multiplies matrices exactly, but convolutions in TF32.
        """
        # The older of PyTorch's two ways to say it: torch.export reads this one, and fails after the newer.
        torch.backends.cuda.matmul.allow_tf32 = self.name == "tf32"
        torch.backends.cudnn.allow_tf32 = self.name == "tf32"


def _has_bf16_units(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    found = torch.cpu.get_capabilities()
    return bool(found.get("amx_bf16") or found.get("avx512_bf16"))
