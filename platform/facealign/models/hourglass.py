"""One hourglass: down to a few pixels and up again, with a skip at every resolution.

Newell, Yang & Deng, "Stacked hourglass networks for human pose estimation", ECCV 2016, Fig. 3, with
bottlenecks and max-pooling; by default with the blocks and average pooling of Bulat & Tzimiropoulos, 2017.
"""

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional

from facealign.config import UserError
from facealign.models.multiscale import MultiscaleBlock

SMALLEST_MAP = 4
"""Side of the smallest map that an hourglass goes down to, px."""


def hourglass_depth(map_size: int, at_most: int = 4) -> int:
    """The depth for maps of side ``map_size``: halved until the next half would be odd-sided or under 4 px.

    256-px images have 64-px maps and depth 4, as in the papers; 128-px images have 32-px maps and depth 3.

    Raises:
        UserError: The map cannot be halved even once.
    """
    depth = 0
    while depth < at_most and map_size % 2 == 0 and map_size // 2 >= SMALLEST_MAP:
        map_size //= 2
        depth += 1
    if depth == 0:
        raise UserError(
            f"an hourglass cannot halve a map of {map_size}×{map_size} px down to {SMALLEST_MAP} px or more; "
            "use a larger image whose side is a multiple of 8"
        )
    return depth


class Hourglass(nn.Module):
    """(B, C, S, S) → (B, C, S, S), where S is a multiple of 2 to the ``depth``.

    Args:
        channels: C, as ``block`` takes it.
        depth: How often the map is halved.
        block: Makes a block from its input and output channels.
        halve: (B, C, S, S) and 2 → (B, C, S/2, S/2).
    """

    def __init__(
        self,
        channels: int,
        depth: int,
        block: Callable[[int, int], nn.Module] = MultiscaleBlock,
        halve: Callable[[Tensor, int], Tensor] = functional.avg_pool2d,
    ) -> None:
        super().__init__()
        self.halve = halve
        self.skip = block(channels, channels)
        self.before = block(channels, channels)
        self.inner = Hourglass(channels, depth - 1, block, halve) if depth > 1 else block(channels, channels)
        self.after = block(channels, channels)

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, S, S) → (B, C, S, S)."""
        low = self.after(self.inner(self.before(self.halve(features, 2))))
        up: Tensor = self.skip(features) + functional.interpolate(low, scale_factor=2.0, mode="nearest")
        return up
