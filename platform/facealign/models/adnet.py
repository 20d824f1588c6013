"""ADNet's networks: four stacked hourglasses with three heads each (Tables 9–11), or a ResNet-50 (Table 6).

With 68 landmarks, 9 edges and 256-px images it has the size that the paper's Table 13 gives: 13.37 M parameters,
and 13.23 M without the point and edge heads. Table 10 prints the merge without projections of the features and
without the stack's own input; with those, as here and in the authors' code, the parameters are the paper's.
Table 9's max-pool and blur-pool, each of stride 2, would halve the map twice; here they halve it once, together.
"""

from typing import Literal

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional

from facealign.config import Settings, UserError
from facealign.models.adnet_heads import Attention, HeadMaps, Heads, LandmarkActivation
from facealign.models.backbone import imagenet_input
from facealign.models.coord_conv import CoordConv
from facealign.models.hourglass import Hourglass, hourglass_depth
from facealign.models.resnet import ResNet


class MaxBlurPool(nn.Module):
    """Maxima of 2×2 pixels about every pixel, blurred by [1 2 1]/4 along both axes, at every second pixel.

    Max-pooling by 2 is these maxima at every second pixel without the blur, so what it takes depends on whether a
    feature lies on an even or an odd pixel. Each output pixel is centered on the four pixels that it stands for.

    Args:
        channels: C.
    """

    kernel: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        binomial = torch.tensor([1.0, 2.0, 1.0]) / 4
        kernel = torch.outer(binomial, binomial).repeat(channels, 1, 1, 1)
        self.register_buffer("kernel", kernel, persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, H, W) → (B, C, H/2, W/2), where H and W are even."""
        maxima = functional.max_pool2d(features, 2, stride=1)
        padded = functional.pad(maxima, (1, 1, 1, 1), mode="reflect")
        kernel = self.kernel.to(features.dtype)
        return functional.conv2d(padded, kernel, stride=2, groups=len(kernel))


# He et al., "Identity mappings in deep residual networks", ECCV 2016; Newell et al., "Stacked hourglass networks",
# ECCV 2016; ADNet, Table 11. With a skip convolution only where the widths differ, and with biases, the network
# has the 13.37 M parameters of the paper's Table 13.


class BottleneckBlock(nn.Module):
    """1×1, 3×3 and 1×1 convolutions, the first two at half the width of the output, plus a skip.

    Each convolution follows its own batch norm and ReLU and has a bias. The skip is the identity, or a 1×1 where
    the widths differ. (B, in, H, W) → (B, out, H, W).

    Args:
        in_channels: Width of the input.
        out_channels: Width of the output, even.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        half = out_channels // 2
        self.norm1 = nn.BatchNorm2d(in_channels)
        self.conv1 = nn.Conv2d(in_channels, half, 1)
        self.norm2 = nn.BatchNorm2d(half)
        self.conv2 = nn.Conv2d(half, half, 3, padding=1)
        self.norm3 = nn.BatchNorm2d(half)
        self.conv3 = nn.Conv2d(half, out_channels, 1)
        self.skip = nn.Identity() if in_channels == out_channels else nn.Conv2d(in_channels, out_channels, 1)

    def forward(self, features: Tensor) -> Tensor:
        """(B, in, H, W) → (B, out, H, W)."""
        # In place: batch norm needs its input for the backward pass, not its output.
        x = self.conv1(functional.relu(self.norm1(features), inplace=True))
        x = self.conv2(functional.relu(self.norm2(x), inplace=True))
        x = self.conv3(functional.relu(self.norm3(x), inplace=True))
        out: Tensor = x + self.skip(features)
        return out


STRIDE = 4
"""Image pixels per heatmap pixel."""

DECONVOLUTIONS = 3
"""From the 8×8 px of a ResNet's last map to 64×64 px."""


class ADNetworkSettings(Settings):
    """Size of the network and its parts; the defaults are the paper's."""

    backbone: Literal["hourglass", "resnet50"] = Field(
        default="hourglass", description="resnet50: one head after three deconvolutions (Table 6)"
    )
    stacks: int = Field(default=4, ge=1, le=8, description="hourglasses in a row, each with its heads")
    width: int = Field(
        default=256,
        ge=16,
        le=1024,
        multiple_of=8,
        description="channels of the hourglasses or the deconvolutions; the network's first layer has a quarter",
    )
    depth: int = Field(
        default=4, ge=1, le=6, description="how often an hourglass halves its map, at most; never below 4 px"
    )
    coord_conv: bool = Field(
        default=True, description="x, y and radius before the stem and before each hourglass; of hourglasses"
    )
    boundary_coords: bool = Field(
        default=True,
        description="x and y on the predicted edges before each hourglass but the first, where coord_conv is on "
        "and edges are predicted",
    )
    anti_alias: bool = Field(
        default=True,
        description="blur the stem's max-pooling before its every second pixel is taken; of hourglasses",
    )
    neck: Literal["conv_residual", "residual_conv"] = Field(
        default="conv_residual",
        description="between hourglass and heads: 1×1-BN-ReLU, then a residual block (Table 10), or the other way "
        "round (Newell et al., and the authors' code)",
    )
    landmark_activation: LandmarkActivation = Field(
        default="relu",
        description="of the landmark maps: ReLU (Table 10), or an instance norm and ReLU (the authors' code)",
    )
    weights: str | None = Field(default=None, description="file of ImageNet weights for resnet50; null: random")

    @model_validator(mode="after")
    def _check(self) -> "ADNetworkSettings":
        if self.weights is not None and self.backbone == "hourglass":
            raise ValueError("weights are for the backbone resnet50; hourglasses start from random ones")
        return self


class ADNetwork(nn.Module):
    """Images → the maps of each head branch.

    Args:
        config: Size and options.
        landmarks: N.
        edges: E.
        attention: Which heads there are beside that of the landmarks.
        image_size: S, px.

    Raises:
        UserError: ``image_size`` does not suit the network.
    """

    Config = ADNetworkSettings

    def __init__(
        self, config: ADNetworkSettings, landmarks: int, edges: int, attention: Attention, image_size: int
    ) -> None:
        super().__init__()
        sizes = (landmarks, edges, attention, image_size)
        self.map_size = image_size // STRIDE
        self.branches: _Hourglasses | _Deconvolved = (
            _Hourglasses(config, *sizes) if config.backbone == "hourglass" else _Deconvolved(config, *sizes)
        )
        self.stacks = config.stacks if config.backbone == "hourglass" else 1

    def forward(self, images: Tensor) -> tuple[HeadMaps, ...]:
        """(B, 3, S, S) RGB in 0…255 → the maps of each branch, first to last, side S/4."""
        maps: tuple[HeadMaps, ...] = self.branches(images)
        return maps


class _Hourglasses(nn.Module):
    def __init__(
        self, config: ADNetworkSettings, landmarks: int, edges: int, attention: Attention, image_size: int
    ) -> None:
        super().__init__()
        if image_size % STRIDE:
            raise UserError(f"image size {image_size} px is no multiple of {STRIDE}; choose one that is")
        map_size = image_size // STRIDE
        depth = hourglass_depth(map_size, config.depth)
        has_points, has_edges = attention in ("point", "anisotropic"), attention in ("edge", "anisotropic")
        on_edges = config.coord_conv and config.boundary_coords and has_edges
        self.stem = _ADNetStem(config, image_size)
        self.stacks = nn.ModuleList(
            _ADNetStack(config, map_size, depth, sees_edges=on_edges and i > 0) for i in range(config.stacks)
        )
        self.heads = nn.ModuleList(
            Heads(config.width, landmarks, edges, attention, config.landmark_activation)
            for _ in range(config.stacks)
        )
        # The last stack has nobody to pass anything to, and a parameter without a gradient stops DDP.
        self.merges = nn.ModuleList(
            _ADNetMerge(config.width, landmarks, has_points * landmarks, has_edges * edges)
            for _ in range(config.stacks - 1)
        )

    def forward(self, images: Tensor) -> tuple[HeadMaps, ...]:
        x = self.stem(images.float() / 127.5 - 1)
        outputs: list[HeadMaps] = []
        for i, (stack, heads) in enumerate(zip(self.stacks, self.heads, strict=True)):
            features = stack(x, outputs[-1].edges if outputs else None)
            outputs.append(heads(features))
            if i < len(self.merges):
                x = self.merges[i](x, features, outputs[-1])
        return tuple(outputs)


class _ADNetStem(nn.Module):
    """(B, 3, S, S) → (B, width, S/4, S/4)."""

    def __init__(self, config: ADNetworkSettings, image_size: int) -> None:
        super().__init__()
        half, quarter = config.width // 2, config.width // 4
        self.conv = (
            CoordConv(3, quarter, image_size, kernel_size=7, stride=2)
            if config.coord_conv
            else nn.Conv2d(3, quarter, 7, stride=2, padding=3)
        )
        self.norm = nn.BatchNorm2d(quarter)
        self.widen = BottleneckBlock(quarter, half)
        self.halve = MaxBlurPool(half) if config.anti_alias else nn.MaxPool2d(2)
        self.refine = nn.Sequential(BottleneckBlock(half, half), BottleneckBlock(half, config.width))

    def forward(self, images: Tensor) -> Tensor:
        x = self.widen(functional.relu(self.norm(self.conv(images)), inplace=True))
        refined: Tensor = self.refine(self.halve(x))
        return refined


class _ADNetStack(nn.Module):
    """Coordinates, hourglass and neck: (B, width, S, S) → the features that the heads read."""

    def __init__(self, config: ADNetworkSettings, map_size: int, depth: int, *, sees_edges: bool) -> None:
        super().__init__()
        width = config.width
        self.sees_edges = sees_edges
        self.coords = CoordConv(width, width, map_size, boundary=sees_edges) if config.coord_conv else None
        self.hourglass = Hourglass(width, depth, BottleneckBlock, functional.max_pool2d)
        conv = nn.Sequential(nn.Conv2d(width, width, 1), nn.BatchNorm2d(width), nn.ReLU())
        residual = BottleneckBlock(width, width)
        self.neck = nn.Sequential(*((conv, residual) if config.neck == "conv_residual" else (residual, conv)))

    def forward(self, x: Tensor, edges: Tensor | None) -> Tensor:
        if self.coords is not None:
            boundary = edges.amax(dim=1, keepdim=True) if self.sees_edges and edges is not None else None
            x = self.coords(x, boundary)
        features: Tensor = self.neck(self.hourglass(x))
        return features


class _ADNetMerge(nn.Module):
    """The next stack's input: this one's, plus its features and its maps, each through a 1×1."""

    def __init__(self, width: int, landmarks: int, points: int, edges: int) -> None:
        super().__init__()
        self.features = nn.Conv2d(width, width, 1)
        self.landmarks = nn.Conv2d(landmarks, width, 1)
        self.points = nn.Conv2d(points, width, 1) if points else None
        self.edges = nn.Conv2d(edges, width, 1) if edges else None

    def forward(self, x: Tensor, features: Tensor, maps: HeadMaps) -> Tensor:
        merged: Tensor = x + self.features(features) + self.landmarks(maps.landmarks)
        if self.points is not None:
            merged = merged + self.points(maps.points)
        if self.edges is not None:
            merged = merged + self.edges(maps.edges)
        return merged


class _Deconvolved(nn.Module):
    """A ResNet-50, three deconvolutions that double its last map, and one head branch.

    The paper names no more than that. The deconvolutions are those of Xiao, Wu & Wei, "Simple baselines for human
    pose estimation and tracking", ECCV 2018: 4×4, stride 2, BN, ReLU.
    """

    def __init__(
        self, config: ADNetworkSettings, landmarks: int, edges: int, attention: Attention, image_size: int
    ) -> None:
        super().__init__()
        if image_size % (STRIDE * 2**DECONVOLUTIONS):
            raise UserError(
                f"image size {image_size} px is no multiple of {STRIDE * 2**DECONVOLUTIONS}; choose one that is, "
                "for a ResNet halves it five times"
            )
        self.backbone = ResNet("resnet50", width=config.width // 4, weights=config.weights)
        widths = (self.backbone.channels[-1], *[config.width] * DECONVOLUTIONS)
        self.deconvolutions = nn.Sequential(
            *(_deconvolution(widths[i], widths[i + 1]) for i in range(DECONVOLUTIONS))
        )
        self.head = Heads(config.width, landmarks, edges, attention, config.landmark_activation)

    def forward(self, images: Tensor) -> tuple[HeadMaps]:
        features = self.backbone.features(imagenet_input(images))[-1]
        return (self.head(self.deconvolutions(features)),)


def _deconvolution(incoming: int, outgoing: int) -> nn.Sequential:
    return nn.Sequential(
        nn.ConvTranspose2d(incoming, outgoing, 4, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(outgoing),
        nn.ReLU(inplace=True),
    )
