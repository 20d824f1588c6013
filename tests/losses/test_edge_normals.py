import math

import numpy as np
import pytest
import torch

from facealign.geometry import Edge, LandmarkSchema, load_schema
from facealign.losses.edge_normals import EdgeNormals


def schema_of(*edges, size):
    return LandmarkSchema(name="test", size=size, flip=tuple(range(size)), edges=edges)


def edge(*indices, closed=False, name="edge"):
    return Edge(name=name, indices=indices, closed=closed)


def find(schema, points, valid=None, neighbors="unit"):
    points = torch.as_tensor(np.asarray(points), dtype=torch.float64)[None]
    valid = torch.ones(points.shape[:2], dtype=torch.bool) if valid is None else torch.tensor([valid])
    vectors, known = EdgeNormals(schema, neighbors)(points, valid)
    return vectors[0].numpy(), known[0].tolist()


def same_line(vector, other):
    return abs(abs(np.dot(vector, other) / np.linalg.norm(other)) - 1) < 1e-9


@pytest.mark.parametrize("neighbors", ["unit", "raw"])
def test_on_a_circle_they_are_its_radii(neighbors):
    angles = np.linspace(0, 2 * np.pi, 9, endpoint=False)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    vectors, known = find(schema_of(edge(*range(9), closed=True), size=9), circle * 0.4 + 0.1, None, neighbors)
    assert all(known)
    assert all(same_line(*pair) for pair in zip(vectors, circle, strict=True))


def test_a_corner_with_unequal_sides():
    points = [(0.4, 0.0), (0.0, 0.0), (0.0, 0.1)]
    triangle = schema_of(edge(0, 1, 2), size=3)
    assert same_line(find(triangle, points)[0][1], (1, 1))
    assert same_line(find(triangle, points, neighbors="raw")[0][1], (4, 1))


@pytest.mark.parametrize("neighbors", ["unit", "raw"])
def test_the_ends_of_an_open_edge_have_the_perpendicular(neighbors):
    vectors, known = find(schema_of(edge(0, 1, 2), size=3), [(0, 0), (0.2, 0.1), (0.2, 0.4)], None, neighbors)
    assert all(known)
    assert same_line(vectors[0], (-1, 2))
    assert same_line(vectors[2], (1, 0))


def test_landmarks_in_one_line():
    straight = schema_of(edge(0, 1, 2), size=3)
    vectors, known = find(straight, [(0, 0), (0.1, 0.2), (0.2, 0.4)])
    assert known == [True, True, True]
    assert same_line(vectors[1], (-2, 1))
    assert find(straight, [(0, 0), (0.125, 0.25), (0.25, 0.5)], neighbors="raw")[1] == [True, False, True]


@pytest.mark.parametrize("neighbors", ["unit", "raw"])
@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([(0, 0), (0, 0), (0.1, 0)], [False, False, True]),  # a neighbor on the landmark itself
        ([(0.3, 0.3)] * 3, [False] * 3),
    ],
)
def test_places_without_a_direction_are_unknown_and_finite(neighbors, points, expected):
    vectors, known = find(schema_of(edge(0, 1, 2), size=3), points, None, neighbors)
    assert known == expected
    assert np.isfinite(vectors).all()


def test_an_edge_that_turns_back_on_itself_has_no_bisector():
    assert find(schema_of(edge(0, 1, 2), size=3), [(0, 0), (0.1, 0), (0, 0)])[1] == [True, False, True]


def test_invalid_landmarks_and_their_neighbors_are_unknown():
    schema = schema_of(edge(0, 1, 2, 3, 4), size=6)
    points = [(0, 0), (0.1, 0.02), (0.2, 0.05), (0.3, 0.1), (0.4, 0.2), (0.9, 0.9)]
    assert find(schema, points)[1] == [True, True, True, True, True, False]
    assert find(schema, points, [True, False, True, True, True, True])[1] == [
        False,
        False,
        False,
        True,
        True,
        False,
    ]


def test_a_landmark_on_two_edges_takes_the_first():
    lips = schema_of(edge(0, 1, 2, name="outer"), edge(3, 1, 4, name="inner"), size=5)
    points = [(0, 0), (0.5, 0), (1, 0.2), (0, 1), (0.2, 0.8)]
    only = schema_of(edge(0, 1, 2), size=5)
    np.testing.assert_allclose(find(lips, points)[0][1], find(only, points)[0][1])


def test_with_wflws_pupils_only_they_are_off_the_edges():
    points = [(math.cos(i), math.sin(1.7 * i)) for i in range(98)]
    _, known = find(load_schema("wflw98"), points)
    assert [i for i, there in enumerate(known) if not there] == [96, 97]
