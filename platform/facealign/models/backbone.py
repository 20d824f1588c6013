"""Interface of backbones: classification networks without classifier, with or without ImageNet weights."""

import pickle
import re
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Literal

import torch
from pydantic import Field
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from facealign.config import Settings, UserError

BackboneName = Literal["resnet18", "resnet34", "resnet50", "wide_resnet50_2", "densenet121"]

_MEAN = (0.485, 0.456, 0.406)
_STD = (0.229, 0.224, 0.225)
_NAMED = 4
"""Names that an error message lists."""


class BackboneSettings(Settings):
    """Which network computes the features, and what it starts from."""

    name: BackboneName = "resnet50"
    # Not below 16: with 8, oneDNN's strided 1×1 convolution of channels-last maps writes beyond its memory.
    width: int = Field(
        default=64, ge=16, le=128, multiple_of=8, description="channels of the first layer; all others follow"
    )
    weights: str | None = Field(
        default=None,
        description="file of ImageNet weights with torchvision's names, .safetensors or .pth, read when a training"
        " starts from scratch; null: random weights",
    )


class Backbone(nn.Module, ABC):
    """A network that gives four maps of an image, C2…C5, each half as large as the one before.

    Weights are read when a training begins, by ``load_pretrained``, and not at construction: a trained model is
    read where no such file lies.

    Attributes:
        channels: Of C2, C3, C4 and C5, which are 4, 8, 16 and 32 times smaller than the image.

    Args:
        weights: See ``BackboneSettings``.
    """

    channels: tuple[int, int, int, int]
    # To be left out of a weights file, and where the rest of its names begins.
    classifier: str
    prefix: str = ""

    def __init__(self, weights: str | None) -> None:
        super().__init__()
        self._weights = weights

    @abstractmethod
    def features(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """(B, 3, S, S) → C2…C5, each (B, channels, ⌈S/stride⌉, ⌈S/stride⌉), after their last ReLU.

        Args:
            images: With ImageNet's mean and deviation, see ``imagenet_input``, if the weights are ImageNet's.
        """

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Compute the features, as ``features`` does."""
        return self.features(images)

    def load_pretrained(self) -> None:
        """Put the weights of the file into the network, if one is named.

        Raises:
            UserError: The file is missing, does not read as weights, or is of another network.
        """
        if self._weights is None:
            return
        path = Path(self._weights)
        found = {
            _modern(name.removeprefix(self.prefix)): tensor
            for name, tensor in _read(path).items()
            if not name.startswith(self.classifier)
        }
        own = self.state_dict()
        # Counters of batches, which old files do not have; only a batch norm without momentum uses them.
        needed = {name for name in own if not name.endswith("num_batches_tracked")}
        problems = [
            _listing("missing", sorted(needed - found.keys())),
            _listing("unknown", sorted(found.keys() - own.keys())),
            _listing(
                "of another shape",
                [
                    f"{name} {tuple(found[name].shape)} instead of {tuple(own[name].shape)}"
                    for name in sorted(found.keys() & own.keys())
                    if found[name].shape != own[name].shape
                ],
            ),
        ]
        if any(problems):
            raise UserError(
                f"{path}: not the weights of this backbone ({'; '.join(filter(None, problems))}); give the file"
                " of the network and width that the settings name, or `weights: null`"
            )
        self.load_state_dict(found, strict=False)


def imagenet_input(images: Tensor) -> Tensor:
    """(B, 3, S, S) RGB in 0…255 → float, with the mean 0 and deviation 1 that ImageNet's pixels have."""
    mean, std = (torch.tensor(values, device=images.device).view(1, 3, 1, 1) for values in (_MEAN, _STD))
    return (images.float() / 255 - mean) / std


def initialize(module: nn.Module) -> None:
    """He et al.'s initialization for rectified networks, as both papers of our backbones have it."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")


def _read(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise UserError(
            f"{path}: no such file of weights; give its path, or `weights: null` to start from scratch"
        )
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, RuntimeError, OSError, EOFError, ValueError, pickle.UnpicklingError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"{path}: does not read as weights ({reason}); fetch the file again") from None
    if not isinstance(content, dict) or not all(isinstance(value, Tensor) for value in content.values()):
        raise UserError(f"{path}: holds {type(content).__name__}, not tensors by name; give a state dict")
    return content


def _modern(name: str) -> str:
    """Names of DenseNet files of 2017: ``norm.1`` is ``norm1`` today."""
    return re.sub(r"(denselayer\d+\.(?:norm|relu|conv))\.(\d)", r"\1\2", name)


def _listing(what: str, names: list[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{what}: {', '.join(names[:_NAMED])}{more}"
