import pytest
import torch

from facealign.config import UserError
from facealign.models import count_parameters_and_macs
from facealign.models.fusion import AttentionMaps, MultiScaleFusion
from facealign.models.structure_coherence import StructureCoherence, StructureCoherenceSettings

# Edges of the graph that the authors' code makes of their list of neighbors of 98 landmarks.
AUTHORS_EDGES = 470


def build(landmarks=98, image_size=256, edges=None, **options):
    return StructureCoherence(StructureCoherenceSettings.model_validate(options), landmarks, image_size, edges)


def cost(**options):
    with torch.device("meta"):
        return count_parameters_and_macs(build(**options), 256)


@pytest.mark.parametrize(("weights", "parameters_m"), [("static", "24.6783"), ("dynamic", "24.84")])
def test_with_the_authors_graph_it_costs_what_their_network_costs(weights, parameters_m):
    found = cost(graph={"weights": weights, "neighbors": "mutual"}, edges=AUTHORS_EDGES)
    assert f"{found.parameters / 1e6:.{len(parameters_m) - 3}f}" == parameters_m
    assert found.macs == pytest.approx(5.17e9, rel=0.01)


def test_with_the_papers_graph_it_has_the_size_of_table_4():
    static, dynamic = (cost(graph={"weights": weights}) for weights in ("static", "dynamic"))
    assert round(static.parameters / 1e6, 2) == 24.68
    assert static.parameters == 24_678_260 - 10 * (AUTHORS_EDGES - 98 * 4)
    # Two layers, 392 → 196 → 392, a batch norm between; and no scores of the ten convolutions.
    assert dynamic.parameters == static.parameters + (392 * 196 + 196) + 2 * 196 + (196 * 392 + 392) - 10 * 392
    assert dynamic.macs == pytest.approx(5.165e9, rel=0.01)


@pytest.mark.parametrize("shallowest", [2, 3, 4, 5])
@pytest.mark.parametrize("attention", ["semantic", "self", "none"])
def test_each_set_of_features_and_each_attention(shallowest, attention):
    fusion = MultiScaleFusion((8, 16, 32, 64), shallowest, attention)
    maps = tuple(torch.rand(2, 8 << i, 32 >> i, 32 >> i) for i in range(4))
    fused = fusion(maps)
    assert fused.shape == (2, fusion.channels, 4, 4)
    assert fusion.channels == sum((4, 8, 16, 32)[shallowest - 2 :])
    fused.square().sum().backward()
    assert all(parameter.grad is not None for parameter in fusion.parameters())


def test_semantic_attention_sees_the_coarser_map_and_self_attention_does_not():
    maps = [torch.rand(1, 8 << i, 32 >> i, 32 >> i) for i in range(4)]
    other = [*maps[:3], torch.rand(1, 64, 4, 4)]
    for attention, sees in (("semantic", True), ("self", False), ("none", False)):
        fusion = MultiScaleFusion((8, 16, 32, 64), 4, attention).eval()
        finer = [fusion(tuple(m))[:, :16] for m in (maps, other)]
        assert torch.equal(*finer) != sees


def test_attention_written_out():
    maps = AttentionMaps(6)
    x = torch.rand(2, 6, 9, 7)
    w0, w1 = maps.shared[0].weight, maps.shared[2].weight
    assert w0.shape == (3, 6)
    by_channel, by_place = maps(x)
    for face in range(2):
        average, highest = x[face].mean(dim=(1, 2)), x[face].flatten(1).max(dim=1).values
        expected = torch.sigmoid(w1 @ (w0 @ average).relu() + w1 @ (w0 @ highest).relu())
        torch.testing.assert_close(by_channel[face, :, 0, 0], expected)
    pooled = torch.stack([x.mean(dim=1), x.max(dim=1).values], dim=1)
    expected = torch.nn.functional.conv2d(pooled, maps.spatial.weight, maps.spatial.bias, padding=3).sigmoid()
    torch.testing.assert_close(by_place, expected)


NARROW = {"backbone": {"name": "resnet18", "width": 16}}


@pytest.mark.parametrize("options", [{}, {"head": "fully_connected"}])
@pytest.mark.parametrize("image_size", [64, 96])
def test_it_begins_near_the_middle_of_the_crop_whatever_its_side(options, image_size):
    torch.manual_seed(0)
    network = build(20, image_size, **NARROW, **options)
    points = network(torch.randint(0, 256, (4, 3, image_size, image_size), dtype=torch.uint8))
    assert points.shape == (4, 20, 2)
    assert points.dtype == torch.float32
    assert (points.mean(dim=(0, 1)) - (image_size - 1) / 2).abs().max() < image_size / 4


def test_sizes_that_cannot_be():
    with pytest.raises(UserError, match="image size 100 px is no multiple of 32"):
        build(20, 100, **NARROW)
    with pytest.raises(UserError, match="k = 3 neighbors, but a landmark has 2 others"):
        build(3, 64, **NARROW)
