import numpy as np
import pytest
import torch

from facealign.config import UserError
from facealign.geometry import Edge, LandmarkSchema, load_schema
from facealign.targets import BoundaryMap
from facealign.targets.curves import curve_matrices

SIDE = 64


def one_curve(*indices, closed=False, size=None):
    size = size or max(indices) + 1
    edge = Edge(name="line", indices=indices, closed=closed)
    return LandmarkSchema(name="test", size=size, flip=tuple(range(size)), boundary=(edge,))


def draw(schema, points, valid=None, side=SIDE):
    points = torch.as_tensor(points, dtype=torch.float32)[None]
    valid = torch.ones(points.shape[:2], dtype=torch.bool) if valid is None else torch.tensor([valid])
    return BoundaryMap(schema, side)(points, valid)[0, 0].numpy()


def brute_force(schema, points, side=SIDE):
    """Every pixel against 200 samples of every span of Catmull-Rom splines in their textbook basis."""
    basis = np.array([[0, 2, 0, 0], [-1, 0, 1, 0], [2, -5, 4, -1], [-1, 3, -3, 1]]) / 2
    powers = np.linspace(0, 1, 200)[:, None] ** np.arange(4)
    samples = []
    for curve in schema.boundary:
        p = np.asarray(points)[list(curve.indices)]
        p = [p[-1], *p, p[0], p[1]] if curve.closed else [2 * p[0] - p[1], *p, 2 * p[-1] - p[-2]]
        samples += [powers @ basis @ np.stack(p[i : i + 4]) for i in range(len(p) - 3)]
    samples = np.concatenate(samples)
    ys, xs = np.mgrid[:side, :side]
    pixels = np.stack([xs.ravel(), ys.ravel()], axis=-1)
    squares = np.stack([((samples - pixel) ** 2).sum(-1).min() for pixel in pixels]).reshape(side, side)
    return np.where(squares <= 9, np.exp(-squares / 2), 0)


def arc(landmarks, gap, sweep=2.5):
    """(K, 2) landmarks ``gap`` px apart on an arc of ``sweep`` radians, about the middle of the map."""
    angles = np.linspace(0, sweep, landmarks)
    circle = gap * (landmarks - 1) / sweep * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    return circle - circle.mean(axis=0) + SIDE / 2 - 0.7


def face(schema):
    """A face's curves, each an arc somewhere on the map."""
    points = np.zeros((schema.size, 2))
    for place, curve in enumerate(schema.boundary):
        points[list(curve.indices)] = arc(len(curve.indices), 3.0) + 2 * place - 12
    return points


@pytest.mark.parametrize(("landmarks", "gap"), [(17, 6.0), (9, 8.0), (5, 4.0), (3, 5.0), (5, 1.0)])
def test_an_arc_against_brute_force(landmarks, gap):
    schema, points = one_curve(*range(landmarks)), arc(landmarks, gap)
    difference = np.abs(draw(schema, points) - brute_force(schema, points))
    # exp(−3²/2) = 0.011 comes and goes at the cut.
    assert difference.max() < 0.02
    assert difference.mean() < 1e-3


@pytest.mark.parametrize("name", ["ibug68", "wflw98", "cofw29", "aflw19"])
def test_all_curves_are_merged_by_their_maximum(name):
    schema = load_schema(name)
    points = face(schema)
    alone = [draw(schema.model_copy(update={"boundary": (curve,)}), points) for curve in schema.boundary]
    np.testing.assert_array_equal(draw(schema, points), np.max(alone, axis=0))


def test_a_closed_curve_against_brute_force():
    schema = one_curve(*range(8), closed=True)
    angles = np.linspace(0, 2 * np.pi, 8, endpoint=False)
    points = np.stack([30 + 9 * np.cos(angles), 33 + 5 * np.sin(angles)], axis=-1)
    assert np.abs(draw(schema, points) - brute_force(schema, points)).max() < 0.02


def test_a_straight_line_is_exact():
    got = draw(one_curve(0, 1, 2), [(10.0, 20.25), (20.0, 20.25), (30.0, 20.25)])
    away = np.arange(SIDE) - 20.25
    np.testing.assert_allclose(got[:, 17], np.where(abs(away) <= 3, np.exp(-(away**2) / 2), 0), atol=1e-6)
    assert got[20, 8] > 0
    assert got[20, 6] == 0


def test_curves_with_an_invalid_landmark_are_left_out():
    schema = load_schema("ibug68")
    points = face(schema)
    valid = [i != 3 for i in range(68)]
    fewer = schema.model_copy(
        update={"boundary": tuple(curve for curve in schema.boundary if 3 not in curve.indices)}
    )
    np.testing.assert_array_equal(draw(schema, points, valid), draw(fewer, points))
    assert draw(schema, points, [False] * 68).max() == 0
    boundary = BoundaryMap(schema, SIDE)
    assert boundary.drawn(torch.tensor([valid, [False] * 68])).tolist() == [[True], [False]]


@pytest.mark.parametrize("shift", [(-30, 0), (28, 30), (0, -64), (1e6, 0)])
def test_what_lies_off_the_map_is_cut_away(shift):
    schema = one_curve(0, 1, 2)
    points = np.array([(24.0, 30.0), (32.0, 33.0), (40.0, 30.0)]) + shift
    assert np.abs(draw(schema, points) - brute_force(schema, points)).max() < 0.02


def test_landmarks_in_one_place_draw_a_dot():
    assert draw(one_curve(0, 1, 2), [(5.0, 6.0)] * 3)[6, 5] == 1.0


def test_samples_do_not_mix_and_autocast_changes_nothing():
    schema = load_schema("ibug68")
    points = torch.from_numpy(np.stack([face(schema), face(schema) + 3.3])).float()
    valid = torch.ones(2, 68, dtype=torch.bool)
    boundary = BoundaryMap(schema, SIDE)
    together = boundary(points, valid)
    with torch.autocast("cpu", torch.bfloat16):
        again = boundary(points[1:], valid[1:])
    assert torch.equal(together[1:], again)


def test_curves_pass_through_their_landmarks():
    matrices = curve_matrices(load_schema("wflw98").boundary, 98, pieces=3)
    assert len(matrices.starts) == 3 * (32 + 4 * 2 + 3 + 4 + 4 * 4 + 6 + 4 + 4 + 6)
    np.testing.assert_allclose(matrices.starts.sum(1), 1)
    at_landmarks = matrices.starts[::3]
    np.testing.assert_allclose(at_landmarks.max(1), 1)
    np.testing.assert_allclose(np.abs(at_landmarks).sum(1), 1)


def test_a_schema_without_curves_is_refused():
    schema = LandmarkSchema(name="bare", size=1, flip=(0,))
    with pytest.raises(UserError, match="schema bare has no boundary curves"):
        BoundaryMap(schema, SIDE)
