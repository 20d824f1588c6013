"""What each process of ``test_batch_norm`` does: steps on its rows of a batch, through synchronized layers."""

from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from facealign.training.batch_norm import synchronize
from facealign.training.world import World

SAMPLES, STEPS = 6, 3

KINDS: dict[str, dict[str, Any]] = {
    "float64": {"dtype": torch.float64},
    "float32": {"dtype": torch.float32},
    "channels_last": {"dtype": torch.float32, "memory_format": torch.channels_last},
    "bfloat16": {"dtype": torch.float32, "autocast": torch.bfloat16},
}
"""Types of weights and features, memory formats, and what autocast casts to."""


def network(kind: str) -> nn.Module:
    """Batch norms of maps and of vectors: with a momentum, with the plain mean over batches, without weights.

    No layer before them has a bias: its gradient would be nothing but rounding.
    """
    torch.manual_seed(0)
    layers = nn.Sequential(
        nn.BatchNorm2d(3, affine=False),
        nn.Conv2d(3, 8, 3, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(inplace=True),
        nn.Conv2d(8, 5, 3, bias=False),
        nn.BatchNorm2d(5, momentum=None),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(20, 4, bias=False),
        nn.BatchNorm1d(4, track_running_stats=False),
    )
    for name, parameter in layers.named_parameters():
        if parameter.dim() == 1:
            nn.init.normal_(parameter, mean=float(name.endswith("weight")), std=0.5)
    return layers.to(KINDS[kind]["dtype"])


def train(layers: nn.Module, kind: str, rows: slice, world: World) -> dict[str, Any]:
    """The outputs and gradients of some rows of each step's batch, and what the layers remember after the last.

    The loss is a sum over samples; those of the processes add up to that of the whole batch.
    """
    options = KINDS[kind]
    generator = torch.Generator().manual_seed(1)
    wrapped = world.wrap(layers)
    outputs: list[Tensor] = []
    gradients: list[Tensor] = []
    for _ in range(STEPS):
        # Far from zero and of small spread, where the difference of two sums of squares would lose its digits.
        images = 5 + torch.randn(SAMPLES, 3, 9, 9, generator=generator, dtype=torch.float64)
        factors = torch.randn(SAMPLES, 4, generator=generator, dtype=torch.float64)
        inputs = images.to(options["dtype"])[rows]
        inputs = inputs.contiguous(memory_format=options.get("memory_format", torch.contiguous_format))
        inputs.requires_grad_()
        cast = options.get("autocast")
        with torch.autocast("cpu", cast, enabled=cast is not None):
            said = wrapped(inputs)
        layers.zero_grad()
        # DDP averages gradients over processes; times their number, that is the sum.
        ((said * factors.to(said.dtype)[rows]).sum() * world.size).backward()
        assert inputs.grad is not None
        outputs.append(said.detach())
        gradients.append(inputs.grad / world.size)
    return {
        "outputs": torch.stack(outputs),
        "inputs": torch.stack(gradients),
        "parameters": {name: parameter.grad for name, parameter in layers.named_parameters()},
        "state": layers.state_dict(),
    }


def work(rank: int, sizes: tuple[int, ...], folder: Path) -> None:
    """One process: every kind in turn, what it found saved to ``folder``."""
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/rendezvous", rank=rank, world_size=len(sizes))
    world = World(rank, len(sizes))
    start = sum(sizes[:rank])
    found = {
        kind: train(synchronize(network(kind), world), kind, slice(start, start + sizes[rank]), world)
        for kind in KINDS
    }
    torch.save(found, folder / f"{rank}.pt")
    dist.destroy_process_group()
