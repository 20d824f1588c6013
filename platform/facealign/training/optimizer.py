"""Step rules and schedules by name."""

import math
from collections.abc import Iterable

from torch.nn import Parameter
from torch.optim import SGD, Adam, AdamW, Optimizer, RMSprop

from facealign.training.config import OptimizerConfig, ScheduleConfig


def build_optimizer(parameters: Iterable[Parameter], config: OptimizerConfig) -> Optimizer:
    """The optimizer that ``config`` names.

    On CUDA, a rule that PyTorch has as one kernel over all weights is that kernel.
    """
    parameters = list(parameters)
    decay = config.weight_decay
    one_kernel = all(parameter.is_cuda for parameter in parameters) or None  # None: as PyTorch would have it
    match config.name:
        case "rmsprop":
            return RMSprop(parameters, config.lr, momentum=config.momentum, weight_decay=decay)
        case "adam":
            return Adam(parameters, config.lr, weight_decay=decay, fused=one_kernel)
        case "adamw":
            return AdamW(parameters, config.lr, weight_decay=decay, fused=one_kernel)
        case "sgd":
            return SGD(parameters, config.lr, momentum=config.momentum, weight_decay=decay, fused=one_kernel)


def lr_factor(config: ScheduleConfig, epochs_done: float, epochs: int) -> float:
    """The factor of the initial learning rate after ``epochs_done`` of ``epochs``."""
    if epochs_done < config.warmup:
        return epochs_done / config.warmup
    match config.name:
        case "step":
            return math.prod(config.factor for milestone in config.milestones if epochs_done >= milestone)
        case "cosine":
            share = (epochs_done - config.warmup) / max(epochs - config.warmup, 1e-9)
            return 0.5 * (1 + math.cos(math.pi * min(share, 1.0)))
        case "constant":
            return 1.0


def set_lr(optimizer: Optimizer, lr: float) -> None:
    """Set one learning rate for all parameters."""
    for group in optimizer.param_groups:
        group["lr"] = lr
