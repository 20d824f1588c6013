import re

import numpy as np
import pytest

from facealign.config import ConfigError, UserError
from facealign.data.synthetic.face import place_face
from facealign.data.synthetic.landmarks import read_landmarks
from facealign.data.synthetic.person import Expression, Identity
from facealign.data.synthetic.projection import Pose
from facealign.geometry import LandmarkSchema, load_schema, schema_names
from facealign.geometry.schema import load_schema_file, notes

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
        ("flip: [1, 0, 2, 3]", "flip: [1, 0, 2]", "it has 3 entries, missing 3"),
        ("flip: [1, 0, 2, 3]", "flip: [1, 0, 2, 9]", "missing 3, outside 9"),
        ("size: 4", "sise: 4", "small.yaml:3: sise: unknown key"),
        ("size: 4", "size: 0", "small.yaml:3: size: 0 landmarks; 1 to 10000 are possible"),
        ("name: small", "name: my face", "small.yaml:2: name: 'my face': a name is a letter"),
        ("name: small", "name: ../small", "a name is a letter"),
        ("name: small", "name: ibug68", "'ibug68' is the name of a built-in schema that differs"),
        ("name: line", "name: a line", "small.yaml:6: edges.0.name: 'a line': a name is"),
        ("indices: [0, 1]", "indices: [0]", "line: a curve needs at least two landmarks"),
        (
            "indices: [0, 1]",
            "closed: true, indices: [0, 1]",
            "line: a curve needs at least three landmarks to close",
        ),
        ("indices: [0, 1]", "indices: [0, 1, 0]", r"line: landmarks \[0\] are named twice"),
        ("indices: [0, 1]", "indices: [0, 2]", r"line: flip maps it onto \[1, 2\], and no curve of `edges`"),
        (
            "indices: [0, 1]}",
            "indices: [0, 1]}\n  - {name: line, indices: [2, 3]}",
            "small.yaml:7: edges.1.name: line: an",
        ),
        ("size: 4", "size: 4\ncorners: [0]", r"corners: the mirror partners of landmarks \[0\] are no corners"),
        ("size: 4", "size: 4\ncorners: [2, 2]", r"corners: landmarks \[2\] are named twice"),
        (
            "size: 4",
            "size: 4\nnormalizers: {inter_ocular: [[0], [4]]}",
            r"inter_ocular: landmarks \[4\] are outside",
        ),
        ("size: 4", "size: 4\nnormalizers: {inter_ocular: [[0], []]}", "both ends need a landmark"),
        ("size: 4", "size: 4\nnormalizers: {inter_pupil: [[0], [0]]}", "so the distance is 0"),
        ("size: 4", "size: 4\nnormalizers: {inter_pupil: [[0], [2]]}", "a mirrored face has another distance"),
        ("size: 4", "size: 4\nlayout: [[0, 1]]", "layout has 1 landmarks of 4"),
        ("size: 4", "size: 4\nlayout: [[0, 1], [.inf, 0], [0, 0], [0, 0]]", "layout"),
    ],
)
def test_broken_schemas_say_what_is_wrong(tmp_path, line, wrong, rule):
    path = tmp_path / "small.yaml"
    path.write_text(SMALL.replace(line, wrong), encoding="utf-8")
    with pytest.raises(ConfigError, match=rule):
        load_schema(str(path))


def test_all_that_is_broken_is_said_at_once_with_lines(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(
        SMALL.replace("small", "a b").replace("[0, 1]", "[0, 0, 7]")
        + "corners: [9]\nnormalizers: {inter_ocular: [[], []]}\n",
        encoding="utf-8",
    )
    with pytest.raises(ConfigError, match="5 errors") as caught:
        load_schema(str(path))
    lines = [line.split(": ")[0].rsplit(":", 1)[1] for line in str(caught.value).splitlines()[1:]]
    assert lines == ["2", "6", "6", "7", "8"]


@pytest.mark.parametrize("name", schema_names())
def test_built_in_layouts_look_like_their_schema(name):
    """The partner of a landmark lies where its mirror image does; the subject's right is the picture's left."""
    file = load_schema_file(name)
    assert file.notes_on_layout() == []
    if not file.layout:
        return
    points = np.array(file.layout)
    assert points.shape == (file.size, 2)
    middle = (points.min(axis=0) + points.max(axis=0))[0] / 2
    for edge in file.edges:
        if edge.name.startswith("right_"):
            assert points[list(edge.indices), 0].mean() < middle
    eyes = file.normalizers.inter_ocular
    if eyes:
        assert points[list(eyes[0]), 0].mean() < points[list(eyes[1]), 0].mean()


@pytest.mark.parametrize("name", ["ibug68", "wflw98"])
def test_built_in_layouts_are_the_average_drawn_face(name):
    face = place_face(Identity(), Expression(mouth_open=0.5), Pose(), np.array([0.5, 0.5]), 1.0)
    np.testing.assert_allclose(load_schema_file(name).layout, read_landmarks(name, face.curves), atol=1e-3)


def test_a_layout_is_no_part_of_the_schema(tmp_path):
    bare, drawn = tmp_path / "bare.yaml", tmp_path / "drawn.yaml"
    bare.write_text(SMALL, encoding="utf-8")
    drawn.write_text(SMALL + "layout: [[0, 0], [1, 0], [0.5, 1], [0.5, 2]]\n", encoding="utf-8")
    assert load_schema(str(bare)) == load_schema(str(drawn))
    assert load_schema_file(str(drawn)).notes_on_layout() == []


def test_a_layout_finds_slips_in_flip(tmp_path):
    path = tmp_path / "slip.yaml"
    path.write_text(
        "name: slip\nsize: 4\nflip: [2, 3, 0, 1]\nlayout: [[0, 0], [1, 0], [0, 1], [1, 1]]\n", encoding="utf-8"
    )
    assert (
        "landmarks [0, 1, 2, 3] are not where their mirror partners are"
        in load_schema_file(str(path)).notes_on_layout()[0]
    )


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({"flip": (0, 1, 2)}, "flip leaves every landmark what it is"),
        ({}, r"landmarks \[2\] are on no edge"),
        ({"edges": ()}, "no edges"),
        ({}, "no boundary"),
        ({}, "no inter_ocular normalizer"),
        ({"size": 4, "flip": (1, 0, 2, 3), "normalizers": {"inter_ocular": ((2,), (3,))}}, "along the middle"),
    ],
)
def test_notes_on_what_is_most_often_a_slip(changes, note):
    plain = {"name": "three", "size": 3, "flip": (1, 0, 2), "edges": ({"name": "line", "indices": (0, 1)},)}
    assert any(re.search(note, one) for one in notes(LandmarkSchema.model_validate({**plain, **changes})))


def test_no_notes_on_a_full_schema():
    assert list(notes(load_schema("ibug68"))) == []


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


def test_pupils_of_ibug70_are_mirror_pairs_and_a_normalizer():
    schema, plain = load_schema("ibug70"), load_schema("ibug68")
    assert schema.flip == (*plain.flip, 69, 68)
    assert schema.edges == plain.edges
    points = np.zeros((70, 2))
    points[69] = [3, 4]
    assert schema.reference_distance(points, "inter_pupil") == 5


def test_a_mirrored_profile_keeps_its_numbers():
    """A right profile becomes a left one, whose landmarks have the same numbers; every one is on one contour."""
    schema = load_schema("menpo39")
    assert schema.flip == tuple(range(39))
    assert [i for edge in schema.edges for i in edge.indices] == list(range(39))
    with pytest.raises(UserError, match="schema menpo39 has no inter_ocular distance"):
        schema.reference_distance(np.zeros((39, 2)), "inter_ocular")
