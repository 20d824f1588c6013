"""DenseNet-121: Huang, Liu, van der Maaten & Weinberger, "Densely connected convolutional networks", CVPR 2017.

Table 1 with growth rate 32: dense blocks of 6, 12, 24 and 16 layers, each layer a bottleneck of four growth rates
and a 3×3 convolution; transitions halve channels and map. The names are those of torchvision's ``features``.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from facealign.models.backbone import Backbone, initialize

_LAYERS = (6, 12, 24, 16)
_BOTTLENECK = 4
"""Channels of a layer's 1×1 ÷ growth rate."""


class DenseNet(Backbone):
    """The dense network up to its last feature map.

    C2…C4 are what the transitions see, normalized and rectified; C5 is what the classifier would see.

    Args:
        width: Channels of the first layer; 64 in the paper. The growth rate is half of it.
        weights: See ``BackboneSettings``.
    """

    classifier = "classifier."
    prefix = "features."

    def __init__(self, *, width: int = 64, weights: str | None = None) -> None:
        super().__init__(weights)
        growth = width // 2
        self.conv0 = nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False)
        self.norm0 = nn.BatchNorm2d(width)
        channels = []
        now = width
        for i, layers in enumerate(_LAYERS, start=1):
            self.add_module(f"denseblock{i}", _DenseBlock(now, layers, growth))
            now += layers * growth
            channels.append(now)
            if i < len(_LAYERS):
                self.add_module(f"transition{i}", _Transition(now))
                now //= 2
        self.norm5 = nn.BatchNorm2d(now)
        c2, c3, c4, c5 = channels
        self.channels = (c2, c3, c4, c5)
        initialize(self)

    def features(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """(B, 3, S, S) → C2…C5."""
        x = functional.relu(self.norm0(self.conv0(images)), inplace=True)
        x = functional.max_pool2d(x, 3, stride=2, padding=1)
        maps = []
        for i in range(1, len(_LAYERS)):
            seen, x = self.get_submodule(f"transition{i}")(self.get_submodule(f"denseblock{i}")(x))
            maps.append(seen)
        last = self.get_submodule(f"denseblock{len(_LAYERS)}")(x)
        c2, c3, c4 = maps
        return c2, c3, c4, functional.relu(self.norm5(last), inplace=True)


class _DenseBlock(nn.ModuleDict):
    """Layers that each see all that came before them."""

    def __init__(self, incoming: int, layers: int, growth: int) -> None:
        super().__init__({f"denselayer{i + 1}": _DenseLayer(incoming + i * growth, growth) for i in range(layers)})

    def forward(self, x: Tensor) -> Tensor:
        maps = [x]
        for layer in self.values():
            maps.append(layer(torch.cat(maps, dim=1)))
        return torch.cat(maps, dim=1)


class _DenseLayer(nn.Module):
    """Norm, ReLU, 1×1; norm, ReLU, 3×3."""

    def __init__(self, incoming: int, growth: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(incoming)
        self.conv1 = nn.Conv2d(incoming, _BOTTLENECK * growth, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(_BOTTLENECK * growth)
        self.conv2 = nn.Conv2d(_BOTTLENECK * growth, growth, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1(functional.relu(self.norm1(x), inplace=True))
        new: Tensor = self.conv2(functional.relu(self.norm2(x), inplace=True))
        return new


class _Transition(nn.Module):
    """Return the features after norm and ReLU, and half of the channels at half the size."""

    def __init__(self, incoming: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(incoming)
        self.conv = nn.Conv2d(incoming, incoming // 2, 1, bias=False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        seen = functional.relu(self.norm(x))
        return seen, functional.avg_pool2d(self.conv(seen), 2)
