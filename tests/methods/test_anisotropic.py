import math
from dataclasses import replace

import pytest
import torch

from facealign.config import UserError
from facealign.geometry import load_schema, schema_names
from facealign.losses.coordinates import COORDINATE_LOSSES
from facealign.methods.anisotropic import Anisotropic, turned
from facealign.models import count_parameters_and_macs
from methods.small import IMAGE_SIZE, SMALL, small_method, small_statistics
from methods.test_contract import make_batch
from methods.test_scc import assert_learns


def test_defaults_are_the_papers_method():
    config = Anisotropic.Config()
    assert (config.backbone.name, config.target, config.directions) == ("resnet50", "displacement", "ground_truth")
    assert (config.loss.name, config.loss.config().model_dump()) == ("anisotropic", {"a": 5.0, "b": 3.0})


def test_its_size_is_that_of_the_backbone_and_one_layer():
    with torch.device("meta"):
        method = Anisotropic(Anisotropic.Config(), load_schema("wflw98"), 256)
    assert count_parameters_and_macs(method, 256).parameters == 23_508_032 + 2048 * 196 + 196


def silent(**changes):
    """A method whose last layer says nothing."""
    method = small_method("anisotropic", **changes).eval()
    torch.nn.init.zeros_(method.network.last.weight)
    return method


@pytest.mark.parametrize("unit", [1.0, 16.0])
def test_displacements_start_from_the_mean_over_the_pose_bins(unit):
    method, images = silent(unit=unit), make_batch().images
    bins = small_statistics("ibug68").pose
    present = torch.from_numpy(bins.means[bins.counts > 0])
    expected = present.mean(dim=0).float()
    torch.testing.assert_close(method.decode(method(images)), expected.expand(3, 68, 2))
    torch.nn.init.constant_(method.network.last.bias, 8.0)
    torch.testing.assert_close(method(images)[0], expected + 8.0 * unit * IMAGE_SIZE / 256)


def test_direct_prediction_starts_at_the_corner_of_the_first_pixel():
    method = silent(target="direct")
    at = (0 + 0.5) * IMAGE_SIZE / 256 - 0.5
    torch.testing.assert_close(method(make_batch().images), torch.full((3, 68, 2), at))


def test_the_loss_sums_over_landmarks_and_averages_over_faces():
    method, batch = small_method("anisotropic", loss={"name": "l2"}), make_batch()
    valid = torch.rand(3, 68, generator=torch.Generator().manual_seed(1)) > 0.3
    batch = replace(batch, valid=valid)
    points = batch.points + torch.randn(3, 68, 2)
    squares = ((points - batch.points) * (256 / IMAGE_SIZE)).square().sum(dim=-1) * valid
    torch.testing.assert_close(method.loss(points, batch).total, squares.sum(dim=1).mean())


def test_curves_of_the_mean_shape_turn_with_the_face():
    mean = torch.from_numpy(small_statistics("ibug68").pose.balanced_mean).float()
    angle = torch.tensor([0.0, 0.7, -2.5])
    cosine, sine = angle.cos(), angle.sin()
    turn = torch.stack([torch.stack([cosine, -sine]), torch.stack([sine, cosine])]).permute(2, 0, 1)
    faces = 1.3 * mean @ turn.transpose(1, 2) + 20
    valid = torch.rand(3, 68, generator=torch.Generator().manual_seed(1)) > 0.3
    found = turned(mean, torch.where(valid[..., None], faces, 0.0), valid)
    expected = (mean - mean.mean(dim=0)) @ turn.transpose(1, 2)
    torch.testing.assert_close(found - found.mean(dim=1, keepdim=True), expected, atol=1e-3, rtol=0)
    # So the loss of a shape like the mean is the same by either direction.
    batch = replace(make_batch(), points=faces, valid=valid)
    losses = [
        small_method("anisotropic", directions=way).loss(faces + torch.tensor([3.0, 1.0]), batch).total
        for way in ("mean_shape", "ground_truth")
    ]
    assert losses[0].item() == pytest.approx(losses[1].item(), rel=0.05)


@pytest.mark.parametrize("case", ["nothing known", "one landmark", "one place"])
def test_a_face_without_direction_has_the_mean_as_it_is(case):
    mean = torch.randn(68, 2)
    points, valid = torch.zeros(1, 68, 2), torch.zeros(1, 68, dtype=torch.bool)
    if case == "one landmark":
        valid[0, 3] = True
    if case == "one place":
        valid[:] = True
    found = turned(mean, points, valid)
    torch.testing.assert_close(found[0] - found[0, :1], mean - mean[:1])


@pytest.mark.parametrize(
    "changes",
    [
        *({"loss": {"name": name}} for name in COORDINATE_LOSSES),
        {"target": "direct"},
        {"directions": "mean_shape"},
        {"backbone": {"name": "densenet121", "width": 16}},
        {"backbone": {"name": "wide_resnet50_2", "width": 16}},
    ],
)
def test_every_row_of_the_ablations_is_a_matter_of_settings(changes):
    method, batch = small_method("anisotropic", **changes), make_batch()
    terms = method.loss(method(batch.images), batch)
    terms.total.backward()
    assert terms.total.isfinite()
    assert all(parameter.grad.isfinite().all() for parameter in method.parameters())
    assert method.decode(method(batch.images)).shape == (3, 68, 2)


@pytest.mark.parametrize("name", [name for name in schema_names() if name != "ibug68"])
def test_other_schemas(name):
    schema = load_schema(name)
    method = small_method("anisotropic", schema=schema)
    valid = torch.ones(3, schema.size, dtype=torch.bool)
    batch = replace(make_batch(), points=32 + 20 * torch.rand(3, schema.size, 2), valid=valid, visible=valid)
    assert method.loss(method(batch.images), batch).total.isfinite()


def test_only_the_mean_needs_statistics():
    batch, schema = make_batch(), load_schema("ibug68")

    def fresh(**changes):
        return Anisotropic(
            Anisotropic.Config.model_validate({**SMALL["anisotropic"], **changes}), schema, IMAGE_SIZE
        )

    for changes in ({}, {"target": "direct", "directions": "mean_shape"}):
        with pytest.raises(UserError, match="no statistics of training faces yet"):
            fresh(**changes).decode(batch.points)
    assert fresh(target="direct").loss(batch.points + 1, batch).total > 0
    method = fresh()
    method.load_state_dict(small_method("anisotropic").state_dict())
    assert torch.equal(method.decode(batch.points), batch.points)
    assert math.isclose(method.mean_shape[0, 0], small_statistics("ibug68").pose.balanced_mean[0, 0], rel_tol=1e-6)


@pytest.mark.slow
def test_it_overfits_sixteen_faces():
    assert_learns(small_method("anisotropic"), lr=3e-3)
