import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from facealign.config import UserError
from facealign.geometry import Edge, LandmarkSchema, affine, load_schema
from facealign.geometry.schema import Normalizers
from facealign.losses.edge_normals import EdgeNormals
from facealign.metrics import directed_nme, nme
from facealign.metrics.directions import edge_normals

LINE = LandmarkSchema(
    name="line",
    size=5,
    flip=(0, 1, 2, 3, 4),
    edges=(Edge(name="lid", indices=(0, 1, 2, 3)),),
    normalizers=Normalizers(inter_ocular=((0,), (3,))),
)
TRUTH = np.array([[[0.0, 0.0], [10.0, 0.0], [20.0, 0.0], [40.0, 0.0], [5.0, 9.0]]])
ALL = np.ones((1, 5), dtype=np.bool_)


def off_by(*vectors):
    return TRUTH + np.array([vectors], dtype=float)


def test_by_hand():
    """On a horizontal edge of 40, x is along and y across; the last landmark is on no edge."""
    found = directed_nme(off_by((3, 4), (-1, 0), (0, 2), (0, 0), (6, 8)), TRUTH, ALL, LINE, "inter_ocular")
    assert found.normal == pytest.approx((4 + 0 + 2 + 0) / 4 / 40)
    assert found.tangent == pytest.approx((3 + 1 + 0 + 0) / 4 / 40)
    assert found.overall == pytest.approx((5 + 1 + 2 + 0 + 10) / 5 / 40)
    assert found.bias_rate == pytest.approx((4 - 6) / 6)


def test_some_landmarks_are_measured_by_the_whole_faces_distance():
    predicted = off_by((3, 4), (-1, 0), (0, 2), (0, 0), (6, 8))
    found = directed_nme(predicted, TRUTH, ALL, LINE, "inter_ocular", [1, 2])
    assert (found.overall, found.normal, found.tangent) == pytest.approx((1.5 / 40, 1 / 40, 0.5 / 40))


def test_at_a_corner_the_normal_bisects_the_angle():
    """Between a way to the left and one upwards it points to the left and upwards."""
    corner = LINE.model_copy(update={"edges": (Edge(name="lip", indices=(0, 1, 2)),)})
    truth = np.array([[[-30.0, 0.0], [0.0, 0.0], [0.0, 10.0], [40.0, 0.0], [5.0, 9.0]]])
    predicted = truth.copy()
    predicted[0, 1] += (-1.0, 1.0)
    found = directed_nme(predicted, truth, ALL, corner, "inter_ocular", [1])
    assert found.normal == pytest.approx(math.sqrt(2) / 70)
    assert found.tangent == pytest.approx(0, abs=1e-12)


def by_angles(predicted, truth, schema):
    """Normal and tangent errors of each landmark on an edge, by trigonometry alone, (F, N) in pixels."""
    across, along = np.full((2, *truth.shape[:2]), np.nan)
    done = set()
    for edge in schema.edges:
        line = edge.indices
        for at, landmark in enumerate(line):
            if landmark in done:
                continue
            done.add(landmark)
            ends = not edge.closed
            before = None if ends and at == 0 else line[at - 1]
            after = None if ends and at == len(line) - 1 else line[(at + 1) % len(line)]
            for face in range(len(truth)):
                way = [
                    math.atan2(*(truth[face, j] - truth[face, landmark])[::-1])
                    for j in (before, after)
                    if j is not None
                ]
                normal = way[0] + math.pi / 2 if len(way) == 1 else (way[0] + way[1]) / 2
                error = predicted[face, landmark] - truth[face, landmark]
                turn = math.atan2(error[1], error[0]) - normal
                across[face, landmark] = abs(math.hypot(*error) * math.cos(turn))
                along[face, landmark] = abs(math.hypot(*error) * math.sin(turn))
    return across, along


@pytest.mark.parametrize("name", ["ibug68", "wflw98", "cofw29"])
def test_against_trigonometry(name):
    schema = load_schema(name)
    rng = np.random.default_rng(3)
    truth = rng.uniform(0, 200, (4, schema.size, 2))
    predicted = truth + rng.normal(size=truth.shape)
    valid = np.ones(truth.shape[:2], dtype=np.bool_)
    found = directed_nme(predicted, truth, valid, schema, "inter_ocular")
    distance = schema.reference_distance(truth, "inter_ocular")
    across, along = by_angles(predicted, truth, schema)
    assert found.normal == pytest.approx(np.mean(np.nanmean(across, axis=1) / distance))
    assert found.tangent == pytest.approx(np.mean(np.nanmean(along, axis=1) / distance))
    assert found.overall == pytest.approx(nme(predicted, truth, valid, schema, "inter_ocular").mean())


@given(st.integers(0, 1000))
def test_the_inequalities_between_the_three(seed):
    """√(normal² + tangent²) ≤ overall ≤ normal + tangent, where every landmark is on an edge."""
    schema = load_schema("ibug68")
    rng = np.random.default_rng(seed)
    truth = rng.uniform(0, 200, (2, 68, 2))
    predicted = truth + rng.normal(size=truth.shape) * rng.uniform(0.1, 5, 2)
    found = directed_nme(predicted, truth, np.ones((2, 68), np.bool_), schema, "inter_ocular")
    assert math.hypot(found.normal, found.tangent) <= found.overall * (1 + 1e-9)
    assert found.overall <= (found.normal + found.tangent) * (1 + 1e-9)


@given(st.floats(-180, 180), st.floats(0.1, 10), st.integers(0, 1000))
def test_no_similarity_changes_them(degrees, factor, seed):
    rng = np.random.default_rng(seed)
    predicted = TRUTH + rng.normal(size=TRUTH.shape)
    moved = affine.compose(
        affine.translation(7, -3), affine.rotate_scale_about((2, 5), degrees=degrees, factor=factor)
    )
    one = directed_nme(predicted, TRUTH, ALL, LINE, "inter_ocular")
    other = directed_nme(affine.apply(moved, predicted), affine.apply(moved, TRUTH), ALL, LINE, "inter_ocular")
    assert (other.overall, other.normal, other.tangent) == pytest.approx((one.overall, one.normal, one.tangent))


@pytest.mark.parametrize("name", ["ibug68", "wflw98", "cofw29", "aflw19"])
def test_the_normals_are_those_of_the_losses(name):
    schema = load_schema(name)
    rng = np.random.default_rng(5)
    truth = rng.uniform(-1, 1, (6, schema.size, 2))
    valid = rng.random(truth.shape[:2]) < 0.8
    truth[0, schema.edges[0].indices[0]] = truth[0, schema.edges[0].indices[1]]
    vectors, known = edge_normals(truth, valid, schema, np.full(6, 1e-6))
    theirs = EdgeNormals(schema, "unit")(torch.from_numpy(truth), torch.from_numpy(valid))
    assert known.tolist() == theirs.known.tolist()
    cosines = (vectors * theirs.vectors.numpy()).sum(-1)[known]
    np.testing.assert_allclose(np.abs(cosines), 1)


def test_unknown_neighbors_leave_no_direction():
    valid = ALL.copy()
    valid[0, 1] = False
    truth = np.where(valid[..., None], TRUTH, np.nan)
    found = directed_nme(off_by((0, 4), (0, 0), (0, 2), (0, 6), (0, 0)), truth, valid, LINE, "inter_ocular")
    assert found.normal == pytest.approx(6 / 40)
    assert found.overall == pytest.approx((4 + 2 + 6 + 0) / 4 / 40)


def test_faces_without_any_of_the_landmarks_are_left_out():
    truth, valid = np.repeat(TRUTH, 2, axis=0), np.repeat(ALL, 2, axis=0)
    valid[1, 4] = False
    predicted = np.concatenate([off_by((0, 0), (0, 0), (0, 0), (0, 0), (3, 4))] * 2)
    with pytest.raises(UserError, match="none of 2 faces has a landmark to measure here"):
        directed_nme(predicted, truth, valid, LINE, "inter_ocular", [4])
    some = LINE.model_copy(update={"edges": (Edge(name="lid", indices=(0, 1, 2, 3, 4)),)})
    assert directed_nme(predicted, truth, valid, some, "inter_ocular", [4]).overall == pytest.approx(5 / 40)
