"""Counts parameters and multiply-accumulates of a network, without computing anything."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.func import functional_call
from torch.utils.flop_counter import FlopCounterMode

_IMAGES = 2
"""A batch norm over one face cannot be trained, and so not be run either."""


@dataclass(frozen=True)
class NetworkCost:
    """The size of a network.

    Attributes:
        parameters: Learned scalars.
        macs: Multiply-accumulates of the convolutions and matrix products for one image.
    """

    parameters: int
    macs: int


def count_parameters_and_macs(module: nn.Module, image_size: int) -> NetworkCost:
    """The cost of ``module`` on one (3, S, S) image.

    It runs on tensors without data, so a large network takes moments; the module itself is left untouched.

    Args:
        module: Takes (B, 3, S, S) images.
        image_size: S, px.
    """
    with FlopCounterMode(display=False) as counter:
        outputs_on_meta(module, image_size)
    parameters = sum(parameter.numel() for parameter in module.parameters())
    return NetworkCost(parameters=parameters, macs=counter.get_total_flops() // (2 * _IMAGES))


def outputs_on_meta(module: nn.Module, image_size: int, images: int = _IMAGES) -> Any:
    """Compute the outputs of ``module`` for (images, 3, S, S) as tensors with shapes and no data."""
    state = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    on_meta = {name: tensor.detach().to("meta") for name, tensor in state.items()}
    with torch.no_grad():
        return functional_call(module, on_meta, (torch.empty(images, 3, image_size, image_size, device="meta"),))
