"""Memory for a batch of maps."""

import math

import numpy as np
import torch
from torch import Tensor


def empty_maps(shape: tuple[int, ...], like: Tensor) -> Tensor:
    """Allocate ``like.new_empty(shape)``; on a CPU in huge pages, where the system has any.

    A batch of maps has tens of megabytes. Memory of that size comes from the system anew each time, and taking it
    in pages of 4 kB costs several times as long as writing the maps. NumPy asks for huge pages, as torch does only
    for those who set ``THP_MEM_ALLOC_ENABLE``.
    """
    if like.device.type != "cpu" or 0 in shape:  # NumPy's empty arrays have strides that torch cannot view
        return like.new_empty(shape)
    raw = np.empty(math.prod(shape) * like.element_size(), dtype=np.uint8)
    return torch.from_numpy(raw).view(like.dtype).view(shape)
