import pytest
import torch
from pydantic import ValidationError

from facealign.config import UserError
from facealign.models import count_parameters_and_macs
from facealign.models.adnet import ADNetwork
from facealign.models.adnet_heads import AttentionMask, HeadMaps, Heads

PLAIN = {"coord_conv": False, "anti_alias": False}

pytestmark = pytest.mark.thorough


def build(landmarks=5, edges=2, attention="anisotropic", image_size=64, **options):
    config = ADNetwork.Config(**{"stacks": 2, "width": 16, **options})
    return ADNetwork(config, landmarks, edges, attention, image_size)


@pytest.mark.parametrize(
    ("stacks", "attention", "edges", "parameters_m", "macs_g"),
    [
        # The paper's Table 13: 13.37 M and, with the smaller operations, 17.04 G; its baseline has 13.23 M.
        (4, "anisotropic", 9, 13.3687, 16.90),
        (4, "none", 9, 13.2273, 16.33),
        (1, "anisotropic", 9, 3.5356, 5.71),
        (4, "anisotropic", 13, 13.3759, 16.93),
    ],
)
def test_paper_size_costs_what_the_paper_says(stacks, attention, edges, parameters_m, macs_g):
    with torch.device("meta"):
        network = build(68, edges, attention, 256, stacks=stacks, width=256)
    cost = count_parameters_and_macs(network, 256)
    assert round(cost.parameters / 1e6, 4) == parameters_m
    assert cost.macs / 1e9 == pytest.approx(macs_g, rel=0.002)


@pytest.mark.parametrize(
    "options",
    [
        {},
        PLAIN,
        {"boundary_coords": False},
        {"neck": "residual_conv", "landmark_activation": "instance_norm_relu"},
        {"backbone": "resnet50", "width": 32},
    ],
)
@pytest.mark.parametrize("attention", ["none", "point", "edge", "anisotropic"])
def test_each_branch_has_the_maps_its_attention_needs_and_every_parameter_learns(attention, options):
    network = build(attention=attention, **options)
    outputs = network(torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8))
    assert len(outputs) == network.stacks == (1 if options.get("backbone") else 2)
    for maps in outputs:
        assert maps.landmarks.shape == (2, 5, 16, 16)
        assert maps.landmarks.min() >= 0
        assert (maps.points is not None) == (attention in ("point", "anisotropic"))
        assert (maps.edges is not None) == (attention in ("edge", "anisotropic"))
        assert maps.edges is None or maps.edges.shape == (2, 2, 16, 16)
    sum(kind.square().sum() for maps in outputs for kind in maps if kind is not None).backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


def test_the_second_stack_sees_where_the_predicted_edges_are():
    network = build().eval()
    x, low, high = torch.rand(1, 16, 16, 16), torch.zeros(1, 2, 16, 16), torch.zeros(1, 2, 16, 16)
    high[:, 0] = 0.05
    second = network.branches.stacks[1]
    assert not torch.equal(second(x, low), second(x, high))
    high[:, 0] = 0.0499
    torch.testing.assert_close(second(x, low), second(x, high))


def test_anti_aliasing_has_no_parameters():
    build().load_state_dict(build(anti_alias=False).state_dict())


def test_checkpoints_hold_no_coordinates():
    build(image_size=128, depth=2).load_state_dict(build(image_size=64, depth=2).state_dict())


@pytest.mark.parametrize("seed", range(3))
def test_no_landmark_map_begins_empty(seed):
    torch.manual_seed(seed)
    network = build(landmarks=68, width=16)
    for mode in (True, False):
        for maps in network.train(mode)(torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8)):
            assert maps.landmarks.min() > 0


def test_instance_norm_is_torchs():
    heads = Heads(8, 3, 1, "none", "instance_norm_relu")
    features = torch.rand(2, 8, 6, 6)
    expected = torch.relu(torch.nn.functional.instance_norm(heads.landmarks(features)))
    torch.testing.assert_close(heads(features).landmarks, expected)


def maps_of(points, edges):
    return HeadMaps(landmarks=points, points=points, edges=edges)


def test_the_mask_is_point_times_edge_with_1_for_landmarks_on_no_edge():
    # Landmark 0 on edge 0, 1 on both, 2 on neither.
    membership = torch.tensor([[True, False], [True, True], [False, False]])
    points, edges = torch.rand(2, 3, 4, 4), torch.rand(2, 2, 4, 4)
    on_edges = torch.stack([edges[:, 0], edges[:, 0] + edges[:, 1], torch.ones(2, 4, 4)], dim=1)
    maps = maps_of(points, edges)
    torch.testing.assert_close(AttentionMask("edge", membership)(maps), on_edges)
    torch.testing.assert_close(AttentionMask("point", membership)(maps), points)
    torch.testing.assert_close(AttentionMask("anisotropic", membership)(maps), points * on_edges)


def test_the_mask_is_float32_under_autocast():
    membership = torch.ones(3, 2, dtype=torch.bool)
    maps = maps_of(torch.rand(1, 3, 4, 4).bfloat16(), torch.rand(1, 2, 4, 4).bfloat16())
    with torch.autocast("cpu", torch.bfloat16):
        mask = AttentionMask("anisotropic", membership)(maps)
    assert mask.dtype == torch.float32
    exact = AttentionMask("anisotropic", membership)(maps_of(maps.points.float(), maps.edges.float()))
    torch.testing.assert_close(mask, exact, rtol=0.01, atol=0.01)


def test_settings_and_sizes_that_cannot_be():
    with pytest.raises(ValidationError, match="weights are for the backbone resnet50"):
        ADNetwork.Config(weights="resnet50.safetensors")
    with pytest.raises(UserError, match="130 px is no multiple of 4"):
        build(image_size=130)
    with pytest.raises(UserError, match="80 px is no multiple of 32"):
        build(image_size=80, backbone="resnet50", width=32)


@pytest.mark.parametrize("activation", ["relu", "instance_norm_relu"])
def test_a_landmark_map_never_dies(activation):
    """Negative everywhere, it is still highest where its features are, and a loss can reach it."""
    heads = Heads(4, 2, 1, "none", activation)
    with torch.no_grad():
        heads.landmarks.weight.fill_(1.0)
        heads.landmarks.bias.copy_(torch.tensor([-50.0, 1.0]))
    features = torch.rand(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    features[:, :, 5, 2] = 3.0
    found = heads(features).landmarks
    assert found.min() >= 0
    assert found[:, 0].flatten(1).argmax(dim=1).tolist() == [5 * 8 + 2] * 2
    if activation == "relu":
        torch.testing.assert_close(found[:, 1], torch.relu(features.sum(dim=1) + 1))
    found[:, 0, 5, 2].sum().backward()
    assert heads.landmarks.weight.grad[0].abs().max() > 0
