from dataclasses import replace

import pytest
import torch
from pydantic import ValidationError

from facealign.geometry import load_schema
from facealign.losses import LossChoice
from facealign.methods.awing import AWing
from facealign.targets import BoundaryMap, HeatmapSettings, crop_to_map, gaussian_heatmaps
from methods.small import IMAGE_SIZE, small_method
from methods.test_contract import make_batch


def test_defaults_are_the_papers_full_model():
    config = AWing.Config()
    assert (config.network.stacks, config.network.width) == (4, 256)
    assert config.network.boundary
    assert config.network.boundary_coords
    assert config.loss.build().config.model_dump() == {"alpha": 2.1, "omega": 14.0, "epsilon": 1.0, "theta": 0.5}
    assert (config.weight_map.kind, config.weight_map.weight) == ("dilated", 10.0)
    assert config.decoding.rule == "quarter"


def test_one_set_of_maps_for_each_stack():
    method, batch = small_method("awing"), make_batch()
    outputs = method(batch.images)
    assert [tuple(maps.shape) for maps in outputs] == [(3, 69, 16, 16)] * 2
    terms = method.loss(outputs, batch)
    assert set(terms.parts) == {"stack1", "stack2", "boundary"}
    torch.testing.assert_close(terms.total, terms.parts["stack1"] + terms.parts["stack2"])


def test_the_loss_is_the_papers_sum_written_out():
    method, batch = small_method("awing"), make_batch()
    valid = torch.rand(3, 68, generator=torch.Generator().manual_seed(1)) > 0.02
    batch = replace(batch, valid=valid)
    outputs = [maps.double() for maps in method(batch.images)]
    points = crop_to_map(batch.points, 4)
    target = torch.cat(
        [
            gaussian_heatmaps(points, valid, 16, HeatmapSettings()),
            BoundaryMap(batch_schema(), 16)(points, valid),
        ],
        dim=1,
    ).double()
    weights = 1 + 10 * (torch.nn.functional.max_pool2d(target, 3, 1, 1) >= 0.2)
    pixel_loss = LossChoice().build()
    counts = torch.cat([valid, torch.ones(3, 1, dtype=torch.bool)], dim=1)
    total = 0.0
    for maps in outputs:
        value, _ = pixel_loss.value_and_slope(maps - target, target)
        total += (value * weights * counts[..., None, None]).mean()
    torch.testing.assert_close(method.loss(outputs, batch).total.double(), total, rtol=1e-5, atol=0)


def batch_schema():
    return load_schema("ibug68")


@pytest.mark.parametrize("form", ["patch", "continuous"])
@pytest.mark.parametrize("rule", ["argmax", "quarter", "local_soft_argmax"])
def test_the_targets_decode_to_the_landmarks_in_crop_pixels(form, rule):
    method = small_method("awing", heatmaps={"form": form}, decoding={"rule": rule})
    batch = make_batch(faces=20)
    maps, _ = method.targets(batch)
    errors = method.decode((torch.rand_like(maps), maps)) - batch.points
    assert errors.norm(dim=-1).max() < 2.83  # half the diagonal of a map pixel, which is 4 px wide
    assert errors.mean((0, 1)).abs().max() < 4 * 1.155 / len(errors.flatten(0, 1)) ** 0.5


@pytest.mark.parametrize(
    "changes",
    [
        {"loss": {"name": "mse"}, "weight_map": {"kind": "none"}},
        {"weight_map": {"kind": "linear"}},
        {"network": {"stacks": 1, "width": 16, "boundary": False, "coord_conv": False, "boundary_coords": False}},
        {"network": {"stacks": 2, "width": 16, "boundary_coords": False}},
    ],
)
def test_every_row_of_table_7_is_a_matter_of_settings(changes):
    method, batch = small_method("awing", **changes), make_batch()
    terms = method.loss(method(batch.images), batch)
    terms.total.backward()
    assert all(parameter.grad is not None for parameter in method.parameters())
    assert method.decode(method(batch.images)).shape == (3, 68, 2)
    assert ("boundary" in terms.parts) == method.config.network.boundary


def test_squared_errors_are_reported_whatever_the_loss_is():
    """Table 10: over all pixels, and over those of the Gaussians; of the landmarks' last maps."""
    method, batch = small_method("awing", log_mse=True), make_batch()
    valid = torch.rand(3, 68, generator=torch.Generator().manual_seed(2)) > 0.3
    batch = replace(batch, valid=valid)
    outputs = method(batch.images)
    told = method.loss(outputs, batch).parts
    target = method.targets(batch)[0][:, :68]
    overall, foreground = [], []
    for face in range(3):
        errors = [(outputs[-1][face, n] - target[face, n]).square() for n in range(68) if valid[face, n]]
        inside = [target[face, n] > 0 for n in range(68) if valid[face, n]]
        overall.append(torch.stack(errors).mean())
        foreground.append(torch.stack(errors)[torch.stack(inside)].mean())
    assert told["mse"].item() == pytest.approx(torch.stack(overall).mean().item(), rel=1e-5)
    assert told["mse_foreground"].item() == pytest.approx(torch.stack(foreground).mean().item(), rel=1e-5)
    assert "mse" not in small_method("awing").loss(outputs, batch).parts


@pytest.mark.parametrize("name", ["wflw98", "cofw29", "aflw19"])
def test_other_schemas(name):
    schema = load_schema(name)
    method = small_method("awing", schema=schema)
    points = 32 + 20 * torch.rand(3, schema.size, 2)
    valid = torch.ones(3, schema.size, dtype=torch.bool)
    batch = replace(make_batch(), points=points, valid=valid, visible=valid)
    assert method.loss(method(batch.images), batch).total.isfinite()


def test_the_boundary_channel_rests_where_no_curve_can_be_drawn():
    method, batch = small_method("awing"), make_batch(faces=2)
    valid = batch.valid.clone()
    valid[1, ::2] = False
    _, counts = method.targets(replace(batch, valid=valid))
    assert counts[:, -1].tolist() == [1.0, 0.0]
    assert torch.equal(counts[:, :-1].bool(), valid)


def test_mistakes_in_the_settings_are_named():
    with pytest.raises(ValidationError, match="greater than 2"):
        AWing.Config.model_validate({"loss": {"name": "awing", "params": {"alpha": 1.5}}})
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        AWing.Config.model_validate({"stacks": 1})


@pytest.mark.slow
def test_it_overfits_four_faces():
    torch.manual_seed(0)
    angles = torch.linspace(0, 6, 68)
    loop = torch.stack([angles.cos(), angles.sin()], dim=-1) * torch.linspace(8, 22, 68)[:, None]
    batch = replace(make_batch(faces=4), points=32 + loop + 8 * torch.rand(4, 1, 2) - 4)
    method = small_method("awing", network={"stacks": 1, "width": 32}, decoding={"rule": "local_soft_argmax"})
    optimizer = torch.optim.Adam(method.parameters(), lr=3e-3)
    losses = []
    for _ in range(150):
        total = method.loss(method(batch.images), batch).total
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        losses.append(total.item())
    errors = (method.decode(method(batch.images)) - batch.points).norm(dim=-1)
    assert losses[-1] < losses[0] / 10
    assert errors.mean() / IMAGE_SIZE < 0.03
