import numpy as np
import pytest

from facealign.config import ConfigError, UserError
from facealign.geometry import load_schema, schema_names

SMALL = """
name: small
size: 4
flip: [1, 0, 2, 3]
edges:
  - {name: line, indices: [0, 1]}
"""


@pytest.mark.parametrize("name", schema_names())
def test_built_in_schemas_hold_together(name):
    schema = load_schema(name)
    assert schema.name == name
    assert schema.flip[schema.flip[0]] == 0
    covered = {i for edge in schema.edges for i in edge.indices}
    assert covered <= set(range(schema.size))


@pytest.mark.parametrize("name", schema_names())
def test_mirror_pairs_carry_edges_onto_edges(name):
    """A mirrored face has the same contours, so the flip must map each onto one of them."""
    schema = load_schema(name)
    contours = {frozenset(edge.indices) for edge in schema.edges}
    assert {frozenset(schema.flip[i] for i in contour) for contour in contours} == contours


@pytest.mark.parametrize(
    ("line", "wrong", "rule"),
    [
        ("flip: [1, 0, 2, 3]", "flip: [1, 0, 2, 2]", "not a permutation"),
        ("flip: [1, 0, 2, 3]", "flip: [1, 2, 0, 3]", "does not undo itself"),
        ("indices: [0, 1]", "indices: [0, 4]", r"line: landmarks \[4\] are outside 0…3"),
        ("size: 4", "sise: 4", "small.yaml:3: sise: unknown key"),
    ],
)
def test_broken_schemas_say_what_is_wrong(tmp_path, line, wrong, rule):
    path = tmp_path / "small.yaml"
    path.write_text(SMALL.replace(line, wrong), encoding="utf-8")
    with pytest.raises(ConfigError, match=rule):
        load_schema(str(path))


def test_a_schema_of_ones_own(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(SMALL, encoding="utf-8")
    assert load_schema(str(path)).edges[0].polyline == (0, 1)


def test_unknown_names_list_the_known():
    with pytest.raises(UserError, match=r"unknown schema 'ibug'; known are .*ibug68"):
        load_schema("ibug")


def test_reference_distances():
    schema = load_schema("ibug68")
    points = np.zeros((2, 68, 2))
    points[:, 36:42] = [10, 0]
    points[:, 42:48] = [40, 40]
    np.testing.assert_allclose(schema.reference_distance(points, "inter_pupil"), [50, 50])
    np.testing.assert_allclose(schema.reference_distance(points, "inter_ocular"), [50, 50])
    np.testing.assert_allclose(schema.reference_distance(points, "box"), [40, 40])
    np.testing.assert_allclose(schema.reference_distance(points, "diagonal"), [np.hypot(40, 40)] * 2)
