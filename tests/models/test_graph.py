import pytest
import torch

from facealign.config import UserError
from facealign.models.graph import GraphConv, GraphNetwork, GraphSettings, Neighborhood

N = 6


def adjacency(seed=0, extra=2):
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.rand(N, N, generator=generator).fill_diagonal_(2.0).topk(extra + 1, dim=1).indices
    return torch.zeros(N, N, dtype=torch.bool).scatter_(1, chosen, True)


def test_weights_are_a_softmax_over_the_neighbors():
    adjacent = adjacency()
    hood = Neighborhood(N, 3 * N)
    hood.choose(adjacent)
    scores = torch.randn(2, 3 * N)
    found = hood(scores)
    for face in range(2):
        rows = iter(scores[face].view(N, 3))
        for i in range(N):
            expected = torch.zeros(N)
            expected[adjacent[i].nonzero().flatten()] = next(rows).softmax(dim=0)
            torch.testing.assert_close(found[face, i], expected)


def test_all_is_every_other_landmark():
    assert GraphSettings(k="all").degree(N) == N - 1
    assert GraphSettings(k="all").capacity(N) == GraphSettings(k=N - 1).capacity(N) == N**2


def test_places_that_are_not_used_change_nothing():
    adjacent = adjacency(extra=1)
    tight, roomy = Neighborhood(N, 2 * N), Neighborhood(N, 5 * N)
    tight.choose(adjacent)
    roomy.choose(adjacent)
    scores = torch.randn(1, 5 * N, requires_grad=True)
    found = roomy(scores)
    torch.testing.assert_close(found, tight(scores[:, : 2 * N]))
    found.square().sum().backward()
    assert scores.grad.isfinite().all()
    assert scores.grad[:, 2 * N :].eq(0).all()


@pytest.mark.parametrize("own_matrix", [True, False])
@pytest.mark.parametrize("learned", [True, False])
def test_a_graph_convolution_written_out(own_matrix, learned):
    adjacent = adjacency()
    hood = Neighborhood(N, 3 * N)
    hood.choose(adjacent)
    conv = GraphConv(5, 4, 3 * N if learned else 0, own_matrix)
    torch.nn.init.normal_(conv.bias)
    if learned:
        torch.nn.init.normal_(conv.scores)
    x = torch.randn(2, N, 5)
    given = None if learned else hood(torch.randn(2, 3 * N))
    weights = hood(conv.scores[None]).expand(2, N, N) if learned else given
    own = conv.own.weight if own_matrix else conv.neighbors.weight
    expected = torch.stack(
        [
            torch.stack(
                [
                    sum(
                        weights[b, i, j] * ((own if i == j else conv.neighbors.weight) @ x[b, j]) for j in range(N)
                    )
                    + conv.bias
                    for i in range(N)
                ]
            )
            for b in range(2)
        ]
    )
    torch.testing.assert_close(conv(x, hood, given), expected, atol=1e-5, rtol=1e-5)


def build(**options):
    torch.manual_seed(0)
    network = GraphNetwork(GraphSettings(width=8, blocks=2, **options), nodes=N, incoming=5, channels=12)
    adjacent = adjacency(extra=3)
    network.neighborhood.choose(adjacent | adjacent.T if options.get("neighbors") == "mutual" else adjacent)
    return network


@pytest.mark.parametrize("neighbors", ["chosen", "mutual"])
@pytest.mark.parametrize("weights", ["dynamic", "static", "binary"])
@pytest.mark.parametrize("own_matrix", [True, False])
def test_every_form_gives_points_and_every_parameter_learns(neighbors, weights, own_matrix):
    network = build(neighbors=neighbors, weights=weights, own_matrix=own_matrix)
    points = network(torch.randn(3, N, 5), torch.randn(3, 12, 2, 2))
    assert points.shape == (3, N, 2)
    points.square().sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in network.parameters())


def test_a_landmark_hears_neighbors_only():
    network = build(weights="binary").eval()
    network.blocks = torch.nn.ModuleList()
    adjacent = torch.zeros(N, N, dtype=torch.bool).fill_diagonal_(True)
    adjacent[0, 1] = adjacent[1, 2] = True
    network.neighborhood.choose(adjacent)
    nodes, maps = torch.randn(1, N, 5, requires_grad=True), torch.zeros(1, 12, 2, 2)
    network(nodes, maps)[0, 0].sum().backward()
    # Two convolutions: 0 hears 1, and through it 2.
    assert nodes.grad[0].abs().sum(dim=1).gt(0).tolist() == [True, True, True, False, False, False]


def test_binary_weights_are_equal_and_dynamic_ones_follow_the_face():
    maps = torch.randn(2, 12, 2, 2)
    binary = build(weights="binary").eval()._common_weights(maps)
    assert binary[binary > 0].unique().tolist() == [0.25]
    dynamic = build(weights="dynamic").eval()._common_weights(maps)
    assert not torch.allclose(dynamic[0], dynamic[1])
    torch.testing.assert_close(dynamic.sum(dim=2), torch.ones(2, N))


def test_coordinates_stay_exact_under_autocast():
    network = build(weights="dynamic").eval()
    nodes, maps = torch.randn(2, N, 5), torch.randn(2, 12, 2, 2)
    with torch.autocast("cpu", torch.bfloat16):
        low = network(nodes, maps)
    assert low.dtype == torch.float32
    assert torch.equal(low, network(nodes, maps))


def test_settings_that_cannot_be():
    with pytest.raises(UserError, match=r"k = 6 neighbors, but a landmark has 5 others; choose 1…5"):
        build(k=6)
    with pytest.raises(UserError, match="each process has one; raise batch_size"):
        build()(torch.randn(1, N, 5), torch.randn(1, 12, 2, 2))
