import numpy as np
import pytest
import torch

from facealign.config import UserError
from facealign.geometry import Edge, LandmarkSchema, load_schema
from facealign.targets import BoundaryMap, EdgeMaps, EdgeMapSettings

SIDE = 32


def schema_of(*edges, size):
    return LandmarkSchema(name="test", size=size, flip=tuple(range(size)), edges=edges, boundary=edges)


def line(*indices, closed=False, name="line"):
    return Edge(name=name, indices=indices, closed=closed)


def draw(schema, points, valid=None, **form):
    points = torch.as_tensor(np.asarray(points), dtype=torch.float32)[None]
    valid = torch.ones(points.shape[:2], dtype=torch.bool) if valid is None else torch.tensor([valid])
    return EdgeMaps(schema, SIDE, EdgeMapSettings(**form))(points, valid)[0].numpy()


@pytest.mark.parametrize("width", [1.0, 2.0, 3.5])
def test_a_straight_line_covers_the_share_of_each_pixel_that_it_hides(width):
    (got,) = draw(schema_of(line(0, 1, 2), size=3), [(4.0, 10.3), (12.0, 10.3), (20.0, 10.3)], width=width)
    rows = np.arange(SIDE)
    overlap = np.minimum(rows + 0.5, 10.3 + width / 2) - np.maximum(rows - 0.5, 10.3 - width / 2)
    np.testing.assert_allclose(got[:, 12], overlap.clip(0, 1), atol=1e-5)
    assert got[10, 12] > 0
    assert got[:, 23].max() == 0


def test_the_gaussian_form_of_width_1_is_awings_profile_of_each_edge():
    schema = load_schema("wflw98")
    schema = schema.model_copy(update={"boundary": schema.edges})
    points = torch.rand(2, 98, 2, generator=torch.Generator().manual_seed(0)) * SIDE
    valid = torch.ones(2, 98, dtype=torch.bool)
    maps = EdgeMaps(schema, SIDE, EdgeMapSettings(form="gaussian"))(points, valid)
    assert maps.shape == (2, 9, SIDE, SIDE)
    assert torch.equal(maps.amax(1, keepdim=True), BoundaryMap(schema, SIDE)(points, valid))


@pytest.mark.parametrize("form", ["line", "gaussian"])
def test_each_edge_has_its_own_map(form):
    edges = (line(0, 1, 2, name="first"), line(3, 4, 5, 2, closed=True, name="second"))
    points = [(5, 5), (9, 6), (14, 9), (20, 20), (24, 23), (17, 26)]
    together = draw(schema_of(*edges, size=6), points, form=form)
    for one, edge in zip(together, edges, strict=True):
        np.testing.assert_array_equal(draw(schema_of(edge, size=6), points, form=form)[0], one)
    # Landmark 2 lies on both, 5 on the second alone, which is closed and so passes it in the middle.
    assert together[0, 9, 14] > 0.9
    assert together[1, 9, 14] > 0.9
    assert together[0, 26, 17] == 0
    assert together[1, 26, 17] > 0.9


def test_edges_with_an_invalid_landmark_are_not_drawn():
    schema = load_schema("ibug68")
    maps = EdgeMaps(schema, SIDE, EdgeMapSettings())
    points = torch.rand(1, 68, 2, generator=torch.Generator().manual_seed(0)) * SIDE
    valid = torch.ones(1, 68, dtype=torch.bool)
    valid[0, 40] = False
    drawn = maps.drawn(valid)[0]
    assert [edge.name for edge, there in zip(schema.edges, drawn, strict=True) if not there] == ["right_eye"]
    assert torch.equal(maps(points, valid)[0].amax((1, 2)) > 0, drawn)


def test_a_schema_without_edges_is_refused():
    with pytest.raises(UserError, match="schema test has no edges to draw"):
        EdgeMaps(schema_of(size=2), SIDE, EdgeMapSettings())
