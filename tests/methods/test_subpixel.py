from dataclasses import replace

import pytest
import torch
from pydantic import ValidationError
from torch.nn import functional

from facealign.geometry import affine, load_schema
from facealign.methods.subpixel import Subpixel, SubpixelOutputs
from facealign.models.cost import count_parameters_and_macs
from facealign.targets import HeatmapSettings, crop_to_map, gaussian_heatmaps
from methods.small import IMAGE_SIZE, small_method
from methods.test_contract import make_batch

SCHEMA = load_schema("ibug68")
ROWS = {
    "l2": {"heatmaps": {"form": "patch"}, "decoding": {"rule": "quarter"}, "siamese": {"weight": 0}},
    "static correction": {
        "heatmaps": {"form": "patch"},
        "decoding": {"rule": "argmax"},
        "correction": "static",
        "siamese": {"weight": 0},
    },
    "dynamic correction": {
        "heatmaps": {"form": "patch"},
        "decoding": {"rule": "argmax"},
        "correction": "dynamic",
        "siamese": {"weight": 0},
    },
    "global soft-argmax": {
        "objective": "coordinates",
        "decoding": {"rule": "soft_argmax"},
        "siamese": {"weight": 0},
    },
    "local soft-argmax": {"siamese": {"weight": 0}},
    "siamese": {},
}


def paired(batch, matrix):
    """The batch, with the looks that ``matrix`` (crop px → the other look's crop px) takes as its pair."""
    forward = torch.from_numpy(matrix)
    points = batch.points.double() @ forward[:, :2].T + forward[:, 2]
    backward = torch.from_numpy(affine.invert(matrix)).expand(len(batch), 2, 3)
    valid = batch.valid
    if torch.det(forward[:, :2]) < 0:
        points, valid = points[:, list(SCHEMA.flip)], valid[:, list(SCHEMA.flip)]
    grid = functional.affine_grid(
        torch.eye(2, 3).expand(len(batch), 2, 3), batch.images.shape, align_corners=False
    )
    images = functional.grid_sample(batch.images.float(), grid, align_corners=False).to(torch.uint8)
    return replace(
        batch, pair=replace(batch, images=images, points=points.float(), valid=valid, to_photo=backward)
    )


def test_defaults_are_the_papers():
    config = Subpixel.Config()
    assert (config.network.stacks, config.network.width, config.network.coord_conv) == (2, 256, False)
    assert (config.decoding.rule, config.decoding.window, config.decoding.temperature) == (
        "local_soft_argmax",
        5,
        10.0,
    )
    assert (config.heatmaps.form, config.heatmaps.sigma, config.loss.name) == ("continuous", 1.75, "mse")


def test_its_size_is_the_measured_one():
    with torch.device("meta"):
        method = Subpixel(Subpixel.Config(), SCHEMA, 256)
    cost = count_parameters_and_macs(method, 256)
    assert cost.parameters / 1e6 == pytest.approx(12.11, abs=0.005)
    assert cost.macs / 1e9 == pytest.approx(13.92, abs=0.005)


@pytest.mark.parametrize("row", ROWS)
def test_every_row_of_the_ablations_learns(row):
    torch.manual_seed(0)
    method = small_method("subpixel", **ROWS[row])
    batch = paired(make_batch(), affine.rotate_scale_about((31.5, 31.5), 15, 1.1))
    if method.views == 1:
        batch = replace(batch, pair=None)
    optimizer = torch.optim.Adam(method.parameters(), lr=3e-3)
    losses = []
    for _ in range(12):
        terms = method.loss(method(method.inputs(batch)), batch)
        optimizer.zero_grad()
        terms.total.backward()
        optimizer.step()
        losses.append(terms.total.item())
    assert all(parameter.grad is not None for parameter in method.parameters())
    assert losses[-1] < 0.9 * losses[0]
    assert method.decode(method(batch.images)).shape == (3, 68, 2)


def perfect(batch):
    """The maps that are the target."""
    points = crop_to_map(batch.points, 4)
    return gaussian_heatmaps(points, batch.valid, IMAGE_SIZE // 4, HeatmapSettings(form="continuous"))


@pytest.mark.parametrize("degrees", [0, 20])
@pytest.mark.parametrize("mirrored", [False, True])
def test_perfect_maps_of_both_views_agree(mirrored, degrees):
    matrix = affine.rotate_scale_about((31.5, 31.5), degrees, 1.0)
    if mirrored:
        matrix = affine.compose(affine.flip_horizontal(IMAGE_SIZE), matrix)
    identity = torch.eye(2, 3, dtype=torch.float64).expand(3, 2, 3)
    points = 24 + 16 * torch.rand(3, 68, 2, generator=torch.Generator().manual_seed(2))
    batch = paired(replace(make_batch(), points=points, to_photo=identity), matrix)
    method = small_method("subpixel")
    outputs = SubpixelOutputs(tuple(torch.cat([perfect(batch), perfect(batch.pair)]) for _ in range(2)), None)
    right = method.loss(outputs, batch).parts["merged"]
    # Bilinear resampling of the second view is all that is left.
    assert right <= (1e-12 if degrees == 0 else 2e-3)
    wrong = method.loss(outputs, replace(batch, pair=replace(batch.pair, to_photo=batch.to_photo))).parts["merged"]
    if mirrored or degrees:
        assert wrong > 4 * right


def test_equal_views_have_the_loss_of_one():
    method, batch = small_method("subpixel").eval(), paired(make_batch(), affine.identity())
    batch = replace(batch, pair=replace(batch.pair, images=batch.images))
    terms = method.loss(method(method.inputs(batch)), batch)
    own = terms.parts["stack1"] + terms.parts["stack2"]
    torch.testing.assert_close(terms.parts["merged"], own, rtol=1e-3, atol=0)
    torch.testing.assert_close(terms.total, 2 * own, rtol=1e-3, atol=0)


def test_a_static_correction_is_what_rounding_lost():
    method = small_method("subpixel", **ROWS["static correction"])
    batch = make_batch()
    points = crop_to_map(batch.points, 4)
    lost = points - (points + 0.5).floor()
    maps = gaussian_heatmaps(points, batch.valid, IMAGE_SIZE // 4, HeatmapSettings(form="patch"))
    outputs = SubpixelOutputs((maps, maps), lost)
    torch.testing.assert_close(method.loss(outputs, batch).parts["correction"], torch.tensor(0.0))
    torch.testing.assert_close(method.decode(outputs), batch.points, atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"objective": "coordinates", "decoding": {"rule": "quarter"}, "siamese": {"weight": 0}},
        {"objective": "coordinates"},
        {"correction": "static", "heatmaps": {"form": "patch"}},
        {"correction": "static", "decoding": {"rule": "argmax"}},
        {"siamese": {"weight": 0, "own_weight": 0}},
    ],
)
def test_choices_that_do_not_go_together_are_refused(wrong):
    with pytest.raises(ValidationError):
        Subpixel.Config.model_validate(wrong)
