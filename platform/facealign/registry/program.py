"""A trained module as an exported program: the file that runs without the code that made it."""

import copy

import torch
from torch import nn


def frozen(module: nn.Module) -> nn.Module:
    """A copy on the CPU, in evaluation mode, that needs no gradients; the module stays as it is."""
    return copy.deepcopy(module).cpu().eval().requires_grad_(False)


def export_program(module: nn.Module, image_size: int) -> torch.export.ExportedProgram:
    """``torch.export`` with a free batch size.

    Args:
        module: ``frozen``; (B, 3, S, S) uint8 RGB → (B, N, 2) float32 landmarks, as ``Predictor`` does.
        image_size: S, px.
    """
    # Two images: with one, the batch size would be frozen to 1. Black ones: what an export was made with stays in
    # it, and nobody's face is to be published.
    images = torch.zeros(2, 3, image_size, image_size, dtype=torch.uint8)
    return torch.export.export(module, (images,), dynamic_shapes=({0: torch.export.Dim.AUTO},))
