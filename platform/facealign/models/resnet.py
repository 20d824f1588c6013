"""ResNet and Wide ResNet.

He, Zhang, Ren & Sun, "Deep residual learning for image recognition", CVPR 2016, Table 1; Zagoruyko & Komodakis,
"Wide residual networks", BMVC 2016. As in torchvision, whose weights fit, a bottleneck halves its map in its 3×3
convolution and not in its first 1×1, and ``wide_resnet50_2`` doubles the width of every 3×3.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from facealign.models.backbone import Backbone, initialize


class _Shape(NamedTuple):
    """Blocks in each of the four layers; whether they are bottlenecks; width of their 3×3 ÷ the usual."""

    blocks: tuple[int, int, int, int]
    bottleneck: bool
    widening: int = 1


_SHAPES = {
    "resnet18": _Shape((2, 2, 2, 2), bottleneck=False),
    "resnet34": _Shape((3, 4, 6, 3), bottleneck=False),
    "resnet50": _Shape((3, 4, 6, 3), bottleneck=True),
    "wide_resnet50_2": _Shape((3, 4, 6, 3), bottleneck=True, widening=2),
}


class ResNet(Backbone):
    """The residual network up to its last feature map.

    Args:
        name: ``resnet18``, ``resnet34``, ``resnet50`` or ``wide_resnet50_2``.
        width: Channels of the first layer; 64 in the papers.
        weights: See ``BackboneSettings``.
    """

    classifier = "fc."

    def __init__(self, name: str, *, width: int = 64, weights: str | None = None) -> None:
        super().__init__(weights)
        shape = _SHAPES[name]
        self.conv1 = nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        expansion = 4 if shape.bottleneck else 1
        c2, c3, c4, c5 = (width * 2**i * expansion for i in range(4))
        self.channels = (c2, c3, c4, c5)
        self.layer1 = _layer(shape, 0, width, c2)
        self.layer2 = _layer(shape, 1, c2, c3)
        self.layer3 = _layer(shape, 2, c3, c4)
        self.layer4 = _layer(shape, 3, c4, c5)
        initialize(self)

    def features(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """(B, 3, S, S) → C2…C5."""
        x = functional.relu(self.bn1(self.conv1(images)), inplace=True)
        x = functional.max_pool2d(x, 3, stride=2, padding=1)
        c2 = self.layer1(x)
        c3 = self.layer2(c2)
        c4 = self.layer3(c3)
        return c2, c3, c4, self.layer4(c4)


def _layer(shape: _Shape, number: int, incoming: int, outgoing: int) -> nn.Sequential:
    stride = 1 if number == 0 else 2
    kind = _Bottleneck if shape.bottleneck else _BasicBlock
    first = kind(incoming, outgoing, stride, shape.widening)
    rest = (kind(outgoing, outgoing, 1, shape.widening) for _ in range(shape.blocks[number] - 1))
    return nn.Sequential(first, *rest)


class _Block(nn.Module):
    """A residual: what it adds up, and the projection where sizes differ."""

    def __init__(self, incoming: int, outgoing: int, stride: int) -> None:
        super().__init__()
        self.downsample = (
            None
            if stride == 1 and incoming == outgoing
            else nn.Sequential(
                nn.Conv2d(incoming, outgoing, 1, stride=stride, bias=False), nn.BatchNorm2d(outgoing)
            )
        )

    def residual(self, x: Tensor) -> Tensor:
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        identity = x if self.downsample is None else self.downsample(x)
        return torch.relu_(self.residual(x) + identity)


class _BasicBlock(_Block):
    """Two 3×3 convolutions."""

    def __init__(self, incoming: int, outgoing: int, stride: int, widening: int) -> None:
        super().__init__(incoming, outgoing, stride)
        self.conv1 = nn.Conv2d(incoming, outgoing, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outgoing)
        self.conv2 = nn.Conv2d(outgoing, outgoing, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outgoing)

    def residual(self, x: Tensor) -> Tensor:
        x = functional.relu(self.bn1(self.conv1(x)), inplace=True)
        out: Tensor = self.bn2(self.conv2(x))
        return out


class _Bottleneck(_Block):
    """1×1, 3×3 and 1×1 convolutions, the 3×3 four times narrower than what goes out, if not widened."""

    def __init__(self, incoming: int, outgoing: int, stride: int, widening: int) -> None:
        super().__init__(incoming, outgoing, stride)
        width = outgoing // 4 * widening
        self.conv1 = nn.Conv2d(incoming, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outgoing, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outgoing)

    def residual(self, x: Tensor) -> Tensor:
        x = functional.relu(self.bn1(self.conv1(x)), inplace=True)
        x = functional.relu(self.bn2(self.conv2(x)), inplace=True)
        out: Tensor = self.bn3(self.conv3(x))
        return out
