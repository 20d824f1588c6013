import pytest
import torch

from facealign.config import UserError
from facealign.models import Hourglass, MultiscaleBlock, hourglass_depth


@pytest.mark.parametrize(
    ("map_size", "at_most", "depth"),
    [(64, 4, 4), (32, 4, 3), (16, 4, 2), (128, 4, 4), (64, 2, 2), (24, 4, 2), (40, 4, 3)],
)
def test_depth_follows_from_the_map(map_size, at_most, depth):
    assert hourglass_depth(map_size, at_most) == depth
    assert map_size % 2**depth == 0
    assert map_size >> depth >= 4


@pytest.mark.parametrize("map_size", [4, 6, 15])
def test_maps_that_are_too_small_or_odd(map_size):
    with pytest.raises(UserError, match=f"cannot halve a map of {map_size}×{map_size}"):
        hourglass_depth(map_size)


def test_hourglass_keeps_size_and_sees_the_whole_map():
    hourglass = Hourglass(8, depth=2).eval()
    features = torch.rand(1, 8, 16, 16, requires_grad=True)
    out = hourglass(features)
    assert out.shape == features.shape
    out[0, 0, 0, 0].backward()
    assert (features.grad != 0).any(dim=1).all()


@pytest.mark.parametrize(("channels", "out"), [(8, 8), (4, 8)])
def test_block_is_its_three_convolutions_side_by_side_plus_the_skip(channels, out):
    block = MultiscaleBlock(channels, out).eval()
    x = torch.randn(2, channels, 6, 6)

    def step(layer, y):
        return layer.conv(torch.relu(y / torch.sqrt(torch.tensor(1 + layer.norm.eps))))

    wide = step(block.wide, x)
    middle = step(block.middle, wide)
    skip = x if channels == out else step(block.skip, x)
    expected = skip + torch.cat([wide, middle, step(block.deep, middle)], 1)
    torch.testing.assert_close(block(x), expected)
    assert wide.shape[1] == out // 2
    assert not any(name.endswith("conv.bias") for name, _ in block.named_parameters())
