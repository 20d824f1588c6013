"""AWing's network: stacked hourglasses with coordinates and a boundary channel (§3, §6, Figs. 3 and 8).

The paper gives the outline; the widths and the order of the layers are those of Bulat & Tzimiropoulos's FAN ("How
far are we from solving the 2D & 3D face alignment problem?", ICCV 2017), which it builds on. They have the size
measured of the authors' network at 256 px, to the printed digit: 4 stacks and 98 landmarks 24.15 M parameters and
26.71 GMAC; 1 stack 6.33 M and 8.73 GMAC; 4 stacks and 68 landmarks 24.10 M and 26.49 GMAC.
"""

from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional

from facealign.config import Settings, UserError
from facealign.models.coord_conv import CoordConv
from facealign.models.head import map_head
from facealign.models.hourglass import Hourglass, hourglass_depth
from facealign.models.multiscale import MultiscaleBlock

STRIDE = 4
"""Image pixels per heatmap pixel."""


class StackedHourglassSettings(Settings):
    """Size of the network and the parts the paper ablates (Tables 7 and 12); the defaults are its full network."""

    stacks: int = Field(default=4, ge=1, le=8, description="hourglasses in a row")
    width: int = Field(default=256, ge=16, le=1024, multiple_of=8, description="channels of the hourglasses")
    depth: int = Field(
        default=4, ge=1, le=6, description="how often an hourglass halves its map, at most; never below 4 px"
    )
    boundary: bool = Field(default=True, description="predict the boundary map as one more channel (B)")
    coord_conv: bool = Field(
        default=True, description="x, y and radius before the stem and before each hourglass (C)"
    )
    boundary_coords: bool = Field(
        default=True, description="x and y on the predicted boundary before each hourglass but the first (CB)"
    )

    @model_validator(mode="after")
    def _check(self) -> "StackedHourglassSettings":
        if self.boundary_coords and not (self.boundary and self.coord_conv):
            raise ValueError("boundary_coords needs boundary and coord_conv; turn those on or boundary_coords off")
        return self


class StackedHourglass(nn.Module):
    """Images → one set of heatmaps for each stack; in each, the boundary is the last channel.

    Args:
        config: Size and options.
        landmarks: N, the number of landmarks.
        image_size: S, px.

    Raises:
        UserError: ``image_size`` is no multiple of 4, or its maps are too small for an hourglass.
    """

    Config = StackedHourglassSettings

    def __init__(self, config: StackedHourglassSettings, landmarks: int, image_size: int) -> None:
        super().__init__()
        if image_size % STRIDE:
            raise UserError(f"image size {image_size} px is no multiple of {STRIDE}; choose one that is")
        self.config = config
        self.channels = landmarks + config.boundary
        self.map_size = image_size // STRIDE
        depth = hourglass_depth(self.map_size, config.depth)
        self.stem = _Stem(config, image_size)
        self.stacks = nn.ModuleList(
            _Stack(config, self.channels, self.map_size, depth, first=i == 0) for i in range(config.stacks)
        )
        # The last stack has nobody to pass anything to, and a parameter without a gradient stops DDP.
        self.merges = nn.ModuleList(_Merge(config.width, self.channels) for _ in range(config.stacks - 1))

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """(B, 3, S, S) in 0…1 → per stack (B, N + boundary, S/4, S/4), without activation."""
        return self.with_features(images)[0]

    def with_features(self, images: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        """Compute the outputs of ``forward``, and the (B, width, S/4, S/4) features of the last maps."""
        x = self.stem(images)
        outputs: list[Tensor] = []
        for i, stack in enumerate(self.stacks):
            features, heatmaps = stack(x, outputs[-1] if outputs else None)
            outputs.append(heatmaps)
            if i < len(self.merges):
                x = self.merges[i](x, features, heatmaps)
        return tuple(outputs), features


class _Stem(nn.Module):
    """(B, 3, S, S) → (B, width, S/4, S/4)."""

    def __init__(self, config: StackedHourglassSettings, image_size: int) -> None:
        super().__init__()
        half, quarter = config.width // 2, config.width // 4
        self.conv = (
            CoordConv(3, quarter, image_size, kernel_size=7, stride=2)
            if config.coord_conv
            else nn.Conv2d(3, quarter, 7, stride=2, padding=3)
        )
        self.norm = nn.BatchNorm2d(quarter)
        self.widen = MultiscaleBlock(quarter, half)
        self.refine = nn.Sequential(MultiscaleBlock(half, half), MultiscaleBlock(half, config.width))

    def forward(self, images: Tensor) -> Tensor:
        x = functional.relu(self.norm(self.conv(images)), inplace=True)
        refined: Tensor = self.refine(functional.avg_pool2d(self.widen(x), 2))
        return refined


class _Stack(nn.Module):
    """Coordinates, hourglass, block, 1×1-BN-ReLU, head."""

    def __init__(
        self, config: StackedHourglassSettings, channels: int, map_size: int, depth: int, *, first: bool
    ) -> None:
        super().__init__()
        width = config.width
        self.sees_boundary = config.boundary_coords and not first
        self.coords = CoordConv(width, width, map_size, boundary=self.sees_boundary) if config.coord_conv else None
        self.hourglass = Hourglass(width, depth)
        self.feature = nn.Sequential(
            MultiscaleBlock(width, width), nn.Conv2d(width, width, 1), nn.BatchNorm2d(width), nn.ReLU()
        )
        self.head = map_head(width, channels)

    def forward(self, x: Tensor, previous: Tensor | None) -> tuple[Tensor, Tensor]:
        if self.coords is not None:
            boundary = previous[:, -1:] if self.sees_boundary and previous is not None else None
            x = self.coords(x, boundary)
        features = self.feature(self.hourglass(x))
        return features, self.head(features)


class _Merge(nn.Module):
    """The next stack's input: this one's, plus its features and its heatmaps, each through a 1×1."""

    def __init__(self, width: int, channels: int) -> None:
        super().__init__()
        self.features = nn.Conv2d(width, width, 1)
        self.heatmaps = nn.Conv2d(channels, width, 1)

    def forward(self, x: Tensor, features: Tensor, heatmaps: Tensor) -> Tensor:
        merged: Tensor = x + self.features(features) + self.heatmaps(heatmaps)
        return merged
