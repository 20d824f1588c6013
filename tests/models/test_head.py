import torch

from facealign.models.head import map_head


def test_its_maps_begin_near_their_start():
    torch.manual_seed(0)
    maps = map_head(64, 5, start=-2.0)(torch.rand(2, 64, 8, 8))
    assert maps.shape == (2, 5, 8, 8)
    assert 0 < (maps + 2).abs().max() < 0.05
