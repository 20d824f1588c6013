from dataclasses import replace

import numpy as np
import pytest
import torch

from facealign.config import UserError
from facealign.data.statistics import Statistics, pearson_neighbors
from facealign.geometry import load_schema, schema_names
from facealign.methods.scc import SCC
from methods.small import IMAGE_SIZE, SMALL, small_method, small_statistics
from methods.test_contract import make_batch

NETWORK = SMALL["scc"]["network"]


def network(**changes):
    return {**NETWORK, **changes}


def test_defaults_are_the_papers_full_method():
    config = SCC.Config()
    assert (config.network.backbone.name, config.network.backbone.weights) == ("resnet34", None)
    assert (config.network.shallowest, config.network.attention, config.network.expansion) == (3, "semantic", 4)
    graph = config.network.graph
    assert (graph.k, graph.neighbors, graph.weights, graph.blocks, graph.width) == (
        3,
        "chosen",
        "dynamic",
        4,
        128,
    )
    assert config.loss.config().model_dump() == {"omega1": 2.0, "omega2": 20.0, "epsilon": 0.5}
    assert config.loss.name == "soft_wing"


@pytest.mark.parametrize("neighbors", ["chosen", "mutual"])
def test_neighbors_are_the_most_correlated_landmarks(neighbors):
    method = small_method("scc", network=network(graph={"k": 5, "blocks": 1, "neighbors": neighbors}))
    correlation = small_statistics("ibug68").correlation
    expected = np.zeros((68, 68), dtype=bool)
    for i in range(68):
        expected[i, sorted(range(68), key=lambda j: -correlation[i, j])[:6]] = True
    if neighbors == "mutual":
        expected |= expected.T
    hood = method.network.head.graph.neighborhood
    weights = hood(torch.zeros(1, len(hood.edges)))[0]
    assert np.array_equal(weights.numpy() > 0, expected)
    assert np.array_equal(pearson_neighbors(correlation, 5), expected) == (neighbors == "chosen")


def test_the_loss_is_the_mean_over_coordinates_in_pixels_of_256():
    method, batch = small_method("scc"), make_batch()
    valid = torch.rand(3, 68, generator=torch.Generator().manual_seed(1)) > 0.3
    batch = replace(batch, valid=valid)
    points = batch.points + 5 * torch.randn(3, 68, 2)
    errors = ((points - batch.points) * (256 / IMAGE_SIZE)).abs()[valid].flatten().double().tolist()
    soft_wing = [e if e < 2 else 20 * np.log(1 + e / 0.5) + 2 - 20 * np.log(5) for e in errors]
    assert method.loss(points, batch).total.item() == pytest.approx(
        np.sum(soft_wing) / (2 * valid.numel()), rel=1e-5
    )


TABLES = {
    "5, fully connected": {"network": network(head="fully_connected"), "loss": {"name": "l1"}},
    "5, GN": {
        "network": network(shallowest=5, graph={"weights": "binary", "blocks": 1}),
        "loss": {"name": "l1"},
    },
    "5, without DW": {"network": network(graph={"weights": "binary", "blocks": 1})},
    "code": {"network": network(graph={"weights": "static", "neighbors": "mutual", "blocks": 1})},
    "6, self-attention": {"network": network(attention="self")},
    "6, F2 to F5": {"network": network(shallowest=2)},
    "7, k 40": {"network": network(graph={"k": 40, "blocks": 1})},
    "8, Wing": {
        "network": network(head="fully_connected"),
        "loss": {"name": "wing", "params": {"omega": 20.0, "epsilon": 1.0}},
    },
}


@pytest.mark.parametrize("row", TABLES)
def test_every_row_of_the_ablations_is_a_matter_of_settings(row):
    method, batch = small_method("scc", **TABLES[row]), make_batch()
    terms = method.loss(method(batch.images), batch)
    terms.total.backward()
    assert all(parameter.grad is not None for parameter in method.parameters())
    assert method.decode(method(batch.images)).shape == (3, 68, 2)


@pytest.mark.parametrize("name", [name for name in schema_names() if name != "ibug68"])
def test_other_schemas(name):
    schema = load_schema(name)
    method = small_method("scc", schema=schema)
    valid = torch.ones(3, schema.size, dtype=torch.bool)
    batch = replace(make_batch(), points=32 + 20 * torch.rand(3, schema.size, 2), valid=valid, visible=valid)
    assert method.loss(method(batch.images), batch).total.isfinite()


def test_without_statistics_it_says_so_and_a_loaded_model_needs_none():
    trained, batch = small_method("scc").eval(), make_batch()
    fresh = SCC(SCC.Config.model_validate(SMALL["scc"]), load_schema("ibug68"), IMAGE_SIZE).eval()
    for use in (lambda: fresh.decode(fresh(batch.images)), lambda: fresh.loss(fresh(batch.images), batch)):
        with pytest.raises(UserError, match="no statistics of training faces yet; call use_statistics"):
            use()
    fresh.load_state_dict(trained.state_dict())
    torch.testing.assert_close(fresh.decode(fresh(batch.images)), trained.decode(trained(batch.images)))
    fresh.load_state_dict(
        SCC(SCC.Config.model_validate(SMALL["scc"]), load_schema("ibug68"), IMAGE_SIZE).state_dict()
    )
    with pytest.raises(UserError, match="no statistics"):
        fresh.decode(batch.points)
    baseline = SCC.Config.model_validate({"network": network(head="fully_connected")})
    method = SCC(baseline, load_schema("ibug68"), IMAGE_SIZE)
    assert method.decode(method(batch.images)).isfinite().all()


def test_statistics_of_other_landmarks_are_refused():
    with pytest.raises(UserError, match="statistics of aflw19 landmarks, but the method finds ibug68"):
        small_method("scc").use_statistics(small_statistics("aflw19"))


@pytest.mark.slow
def test_it_overfits_sixteen_faces():
    graph = {"blocks": 2, "width": 32}
    assert_learns(small_method("scc", network=network(graph=graph)), lr=5e-3)


def assert_learns(method, lr, steps=250):
    """Faces whose landmarks are dots in their images."""
    generator = torch.Generator().manual_seed(0)
    angles = torch.linspace(0, 6, 68)
    loop = torch.stack([angles.cos(), angles.sin()], dim=-1) * torch.linspace(8, 22, 68)[:, None]
    stretch = 1 + 0.2 * torch.randn(16, 1, 2, generator=generator)
    points = 32 + loop * stretch + 8 * torch.rand(16, 1, 2, generator=generator) - 4
    images = torch.zeros(16, 3, IMAGE_SIZE, IMAGE_SIZE, dtype=torch.uint8)
    for image, shape in zip(images, points.round().long().clamp(0, IMAGE_SIZE - 1), strict=True):
        image[:, shape[:, 1], shape[:, 0]] = 255
    batch = replace(make_batch(faces=16), points=points, images=images)
    known = np.ones((16, 68), dtype=np.bool_)
    method.use_statistics(Statistics.of(lambda: [(points.numpy(), known)], method.schema))
    optimizer = torch.optim.Adam(method.parameters(), lr=lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        total = method.loss(method(images), batch).total
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        schedule.step()
    errors = (method.decode(method(images)) - points).norm(dim=-1)
    assert errors.mean() / IMAGE_SIZE < 0.02
