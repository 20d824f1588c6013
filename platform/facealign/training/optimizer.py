"""Step rules and schedules by name."""

import math
from collections.abc import Iterable

import torch
from torch.nn import Parameter
from torch.optim import SGD, Adam, AdamW, Optimizer, RMSprop

from facealign.training.config import OptimizerConfig, ScheduleConfig


def build_optimizer(parameters: Iterable[Parameter], config: OptimizerConfig) -> Optimizer:
    """The optimiser that ``config`` names."""
    parameters = list(parameters)
    match config.name:
        case "rmsprop":
            return RMSprop(parameters, config.lr, momentum=config.momentum, weight_decay=config.weight_decay)
        case "adam":
            return Adam(parameters, config.lr, weight_decay=config.weight_decay)
        case "adamw":
            return AdamW(parameters, config.lr, weight_decay=config.weight_decay)
        case "sgd":
            return SGD(parameters, config.lr, momentum=config.momentum, weight_decay=config.weight_decay)


def lr_factor(config: ScheduleConfig, epochs_done: float, epochs: int) -> float:
    """What the starting rate is multiplied with after ``epochs_done`` of ``epochs``."""
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


def autocast_dtype(precision: str, device: torch.device) -> torch.dtype | None:
    """The dtype of matrix products under ``precision`` on ``device``; None: float32 throughout."""
    if precision == "auto":
        precision = "bf16" if _has_bf16_units(device) else "fp32"
    return torch.bfloat16 if precision == "bf16" else None


def _has_bf16_units(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    found = torch.cpu.get_capabilities()
    return bool(found.get("amx_bf16") or found.get("avx512_bf16"))
