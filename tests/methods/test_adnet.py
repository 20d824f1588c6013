from dataclasses import replace

import pytest
import torch
from pydantic import ValidationError

from facealign.config import UserError
from facealign.geometry import LandmarkSchema, load_schema
from facealign.losses import LossChoice
from facealign.methods.adnet import ADNet
from facealign.models import count_parameters_and_macs
from facealign.targets import EdgeMaps, EdgeMapSettings, HeatmapSettings, crop_to_map, gaussian_heatmaps
from methods.small import IMAGE_SIZE, small_method
from methods.test_contract import make_batch


def test_defaults_are_the_papers_full_model():
    config = ADNet.Config()
    assert config.attention == "anisotropic"
    assert (config.network.backbone, config.network.stacks, config.network.width) == ("hourglass", 4, 256)
    assert config.network.coord_conv
    assert config.network.anti_alias
    assert config.landmark_loss.name == "smooth_adl1"
    assert (config.landmark_loss.anisotropy.strategy, config.landmark_loss.anisotropy.value) == ("fixed", 2.0)
    assert (config.points.sigma, config.edges.width) == (1.5, 1.0)
    assert config.map_loss.build().config.model_dump() == {
        "alpha": 2.1,
        "omega": 14.0,
        "epsilon": 1.0,
        "theta": 0.5,
    }
    assert (config.weight_map.kind, config.weight_map.weight) == ("dilated", 10.0)
    assert config.weights.model_dump() == {"landmarks": 1.0, "edges": 10.0, "points": 10.0, "decay": 0.5}


def test_the_whole_method_costs_what_the_paper_says():
    with torch.device("meta"):
        method = ADNet(ADNet.Config(), load_schema("ibug68"), 256)
    cost = count_parameters_and_macs(method, 256)
    assert cost.parameters == 13_368_708
    assert cost.macs == pytest.approx(16.90e9, rel=0.005)


def nine_tenths_valid(batch):
    valid = torch.rand(batch.valid.shape, generator=torch.Generator().manual_seed(1)) > 0.1
    return replace(batch, valid=valid, points=torch.where(valid[..., None], batch.points, 0.0))


def written_out_landmark_loss(points, batch, schema):
    """Smooth ADL₁ with λ = 2, landmark by landmark, the errors in half sides of the crop; their mean."""
    edges = [(edge.indices, edge.closed) for edge in schema.edges]
    total = 0.0
    for b in range(len(points)):
        for n in range(schema.size):
            if not batch.valid[b, n]:
                continue
            error = (points[b, n].double() - batch.points[b, n]) / (IMAGE_SIZE / 2)
            normal = None
            for indices, closed in edges:
                if n in indices and normal is None:
                    k = indices.index(n)
                    around = [indices[k - 1]] if closed or k > 0 else []
                    around += [indices[(k + 1) % len(indices)]] if closed or k < len(indices) - 1 else []
                    if all(batch.valid[b, i] for i in around):
                        arms = [(batch.points[b, i] - batch.points[b, n]).double() for i in around]
                        arms = [arm / arm.norm() for arm in arms]
                        bisector = arms[0] + arms[1] if len(arms) == 2 else torch.stack([-arms[0][1], arms[0][0]])
                        normal = bisector / bisector.norm()
                    break
            square = error @ error
            if normal is not None:
                across = (normal @ error) ** 2
                square = 4 / 3 * across + 2 / 3 * (square - across)
            total += square / 0.02 if square < 1e-4 else square.sqrt() - 0.005
    return total / batch.valid.numel()


def test_the_loss_is_the_papers_sum_written_out():
    method, batch = small_method("adnet"), nine_tenths_valid(make_batch())
    schema = load_schema("ibug68")
    outputs = method(batch.images)
    points = crop_to_map(batch.points, 4)
    map_loss, total = LossChoice().build(), 0.0
    for output, weight in zip(outputs, (0.5, 1.0), strict=True):
        stack = written_out_landmark_loss(method.decode((output,)), batch, schema)
        form = HeatmapSettings(sigma=1.5, form="continuous")
        edges = EdgeMaps(schema, 16, EdgeMapSettings())
        for found, target, counts in (
            (output.maps.points, gaussian_heatmaps(points, batch.valid, 16, form), batch.valid),
            (output.maps.edges, edges(points, batch.valid), edges.drawn(batch.valid)),
        ):
            value, _ = map_loss.value_and_slope((found - target).double(), target.double())
            weights = 1 + 10 * (torch.nn.functional.max_pool2d(target, 3, 1, 1) >= 0.2)
            stack += 10 * (value * weights * counts[..., None, None]).mean()
        total += weight * stack
    terms = method.loss(outputs, batch)
    torch.testing.assert_close(terms.total.double(), total, rtol=1e-4, atol=0)
    assert set(terms.parts) == {"stack1", "stack2", "landmarks", "points", "edges"}


def test_stacks_weigh_an_eighth_a_quarter_a_half_and_one():
    method, batch = small_method("adnet", network={"stacks": 4, "width": 16}), make_batch()
    outputs = method(batch.images)
    same = method.loss((outputs[0],) * 4, batch).parts
    for i, share in enumerate((1 / 8, 1 / 4, 1 / 2, 1), start=1):
        torch.testing.assert_close(same[f"stack{i}"], share * same["stack4"])


def test_the_weights_of_stacks_may_fall_otherwise():
    weights = {"edges": 1.0, "decay": 1.0}
    method, batch = small_method("adnet", network={"stacks": 3, "width": 16}, weights=weights), make_batch()
    outputs = method(batch.images)
    same = method.loss((outputs[0],) * 3, batch)
    torch.testing.assert_close(same.total, 3 * same.parts["stack1"])


def test_the_landmark_is_the_center_of_mass_of_map_times_mask():
    method, batch = small_method("adnet").eval(), make_batch()
    output = method(batch.images)[-1]
    attended = output.maps.landmarks * output.attention
    grid = torch.arange(16) * 4 + 1.5  # centers of the map's pixels in the crop
    mass = attended.sum((2, 3))
    expected = torch.stack(
        [(attended.sum(2) * grid).sum(-1) / mass, (attended.sum(3) * grid).sum(-1) / mass], dim=-1
    )
    torch.testing.assert_close(method.decode((output,)), expected, atol=1e-3, rtol=0)


@pytest.mark.parametrize(
    "changes",
    [
        {"attention": "none", "landmark_loss": {"name": "smooth_l1"}},  # the baseline of every table
        *(
            {"attention": "none", "landmark_loss": {"anisotropy": {"value": v}}} for v in (0.5, 1.0, 8.0)
        ),  # Table 4
        *(
            {"attention": kind, "landmark_loss": {"name": "smooth_l1"}}
            for kind in ("point", "edge", "anisotropic")
        ),
        {"network": {"stacks": 1, "width": 16}},  # Table 6
        {"network": {"backbone": "resnet50", "width": 32}},
        {"attention": "none", "network": {"backbone": "resnet50", "width": 32}},
        {"landmark_loss": {"anisotropy": {"strategy": "contour"}}},  # Table 14
        {"landmark_loss": {"anisotropy": {"strategy": "per_landmark", "ellipses": [(3.0, 2.0)] * 68}}},
        {"landmark_loss": {"anisotropy": {"strategy": "adaptive"}}},
        *({"landmark_loss": {"name": name}} for name in ("adl1", "adl2", "l1", "l2")),
        {"landmark_loss": {"neighbors": "raw"}},
        {"edges": {"form": "gaussian", "width": 1.5}},
        {"network": {"stacks": 2, "width": 16, "coord_conv": False, "anti_alias": False}},
    ],
)
def test_every_row_of_the_tables_is_a_matter_of_settings(changes):
    method, batch = small_method("adnet", **changes), make_batch()
    terms = method.loss(method(batch.images), batch)
    terms.total.backward()
    assert terms.total.isfinite()
    assert all(parameter.grad.isfinite().all() for parameter in method.parameters())
    assert method.decode(method(batch.images)).shape == (3, 68, 2)
    attention = changes.get("attention", "anisotropic")
    assert ("points" in terms.parts) == (attention in ("point", "anisotropic"))
    assert ("edges" in terms.parts) == (attention in ("edge", "anisotropic"))


@pytest.mark.parametrize("name", ["wflw98", "cofw29", "aflw19"])
@pytest.mark.parametrize("strategy", ["fixed", "adaptive"])
def test_other_schemas(name, strategy):
    schema = load_schema(name)
    method = small_method("adnet", schema=schema, landmark_loss={"anisotropy": {"strategy": strategy}})
    points = 32 + 20 * torch.rand(3, schema.size, 2)
    valid = torch.ones(3, schema.size, dtype=torch.bool)
    batch = replace(make_batch(), points=points, valid=valid, visible=valid)
    outputs = method(batch.images)
    assert outputs[-1].maps.edges.shape[1] == len(schema.edges)
    terms = method.loss(outputs, batch)
    terms.total.backward()
    assert terms.total.isfinite()


def test_landmarks_on_no_edge_keep_their_point_map_as_mask():
    schema = load_schema("wflw98")
    output = small_method("adnet", schema=schema).eval()(make_batch().images)[-1]
    torch.testing.assert_close(output.attention[:, 96:], output.maps.points[:, 96:])


def test_a_schema_without_edges():
    bare = LandmarkSchema(name="bare", size=4, flip=(0, 1, 2, 3))
    with pytest.raises(UserError, match="schema bare has no edges, which attention 'anisotropic' is made of"):
        small_method("adnet", schema=bare)
    points, valid = 60 * torch.rand(3, 4, 2), torch.ones(3, 4, dtype=torch.bool)
    batch = replace(make_batch(), points=points, valid=valid, visible=valid)
    for attention in ("none", "point"):
        method = small_method("adnet", schema=bare, attention=attention)
        assert method.loss(method(batch.images), batch).total.isfinite()


def test_faces_weigh_what_they_are_given():
    method, batch = small_method("adnet").eval(), make_batch()
    outputs = method(batch.images)
    plain = method.loss(outputs, batch).total
    torch.testing.assert_close(method.weighted_loss(outputs, batch, torch.full((3,), 2.0)).total, 2 * plain)
    each = [method.weighted_loss(outputs, batch, weights).total for weights in torch.eye(3)]
    torch.testing.assert_close(torch.stack(each).sum(), plain)
    alone = method.loss(method(batch.images[:1]), replace(batch, **{
        name: getattr(batch, name)[:1] for name in ("images", "points", "valid", "visible", "to_photo", "ids")
    })).total  # fmt: skip
    torch.testing.assert_close(each[0], alone / 3, rtol=1e-4, atol=0)


@pytest.mark.parametrize("strategy", ["fixed", "adaptive"])
def test_gradients_are_finite_where_faces_have_no_shape_and_predictions_are_exact(strategy):
    """All landmarks in one place, or in one line, and a prediction equal to its target."""
    method = small_method("adnet", landmark_loss={"anisotropy": {"strategy": strategy}}).eval()
    batch = make_batch()
    outputs = method(batch.images)
    line = torch.linspace(4, 60, 68)[:, None].expand(68, 2)
    exact = method.decode(outputs)[2].detach()
    points = torch.stack([torch.full((68, 2), 30.0), line, exact])
    terms = method.loss(outputs, replace(batch, points=points))
    terms.total.backward()
    assert terms.total.isfinite()
    assert all(parameter.grad.isfinite().all() for parameter in method.parameters())


def test_half_precision_maps_give_float32_landmarks_and_loss():
    method, batch = small_method("adnet").eval(), make_batch()
    outputs = method(batch.images)
    exact = method.loss(outputs, batch).total
    for dtype in (torch.bfloat16, torch.float16):
        halves = []
        for output in outputs:
            maps = type(output.maps)(*(kind.to(dtype) for kind in output.maps))
            halves.append(method._attend(maps))
        terms = method.loss(tuple(halves), batch)
        assert terms.total.dtype == halves[-1].points.dtype == torch.float32
        torch.testing.assert_close(terms.total, exact, rtol=0.01, atol=0)


def test_mistakes_in_the_settings_are_named():
    with pytest.raises(ValidationError, match="adaptive measures the attention, and attention is none"):
        ADNet.Config.model_validate(
            {"attention": "none", "landmark_loss": {"anisotropy": {"strategy": "adaptive"}}}
        )
    with pytest.raises(ValidationError, match="'none', 'point', 'edge' or 'anisotropic'"):
        ADNet.Config.model_validate({"attention": "channel"})
    with pytest.raises(UserError, match="schema cofw29 has no edge named contour"):
        small_method("adnet", schema=load_schema("cofw29"), landmark_loss={"anisotropy": {"strategy": "contour"}})


@pytest.mark.slow
@pytest.mark.parametrize("attention", ["none", "anisotropic"])
def test_it_overfits_four_faces(attention):
    torch.manual_seed(0)
    angles = torch.linspace(0, 6, 68)
    loop = torch.stack([angles.cos(), angles.sin()], dim=-1) * torch.linspace(8, 22, 68)[:, None]
    batch = replace(make_batch(faces=4), points=32 + loop + 8 * torch.rand(4, 1, 2) - 4)
    method = small_method("adnet", attention=attention, network={"stacks": 1, "width": 32})
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


def test_faces_with_rare_attributes_weigh_more():
    method, batch = small_method("adnet", focal=["pose", "blur"]), make_batch()
    outputs = method(batch.images)
    plain = method.loss(outputs, batch).total
    labeled = replace(batch, attributes=(("pose",), ("blur", "occlusion"), ("blur",)))
    # Of three faces one has `pose` and two have `blur`: factors (3 + 1)/2, (1 + 1.5)/2, (1 + 1.5)/2.
    expected = method.weighted_loss(outputs, batch, torch.tensor([2.0, 1.25, 1.25])).total
    torch.testing.assert_close(method.loss(outputs, labeled).total, expected)
    assert expected > plain
    torch.testing.assert_close(small_method("adnet").loss(outputs, labeled).total, plain)
