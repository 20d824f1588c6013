"""Every metric against a calculation of its own: plain Python, face by face, from the definitions."""

import math
from dataclasses import replace

import numpy as np
import pytest

from facealign.config import UserError
from facealign.data.shards.row import Labels
from facealign.evaluation.aggregate import compute_metrics, flat
from facealign.evaluation.config import EvaluationConfig
from facealign.evaluation.face_predictions import FacePredictions
from facealign.geometry import Edge, LandmarkSchema
from facealign.geometry.schema import Normalizers
from facealign.training.predictions import Predictions
from factories import measured_faces

CONFIG = EvaluationConfig()
LEFT_EYE, RIGHT_EYE = range(42, 48), range(36, 42)


def mean_of(points):
    return tuple(sum(point[axis] for point in points) / len(points) for axis in (0, 1))


def distances(truth):
    """The four reference distances of a face with 68 landmarks."""
    xs, ys = zip(*truth, strict=True)
    width, height = max(xs) - min(xs), max(ys) - min(ys)
    pupils = (mean_of([truth[i] for i in eye]) for eye in (LEFT_EYE, RIGHT_EYE))
    return {
        "inter_ocular": math.dist(truth[36], truth[45]),
        "inter_pupil": math.dist(*pupils),
        "box": math.sqrt(width * height),
        "diagonal": math.hypot(width, height),
    }


def face_by_face(faces):
    """NME of each face by each normalizer."""
    for truth, predicted in zip(faces.found.truth.tolist(), faces.found.predicted.tolist(), strict=True):
        error = sum(map(math.dist, truth, predicted)) / 68
        yield {name: error / distance for name, distance in distances(truth).items()}


@pytest.fixture(scope="module")
def faces():
    return measured_faces()


@pytest.fixture(scope="module")
def metrics(faces):
    return compute_metrics(faces, CONFIG)


def test_nme_by_every_normalizer(faces, metrics):
    each = list(face_by_face(faces))
    for name in ("inter_ocular", "inter_pupil", "box", "diagonal"):
        expected = sum(errors[name] for errors in each) / len(each)
        assert metrics["full"][f"nme_{name}"][0] == pytest.approx(expected)
    assert metrics["full"]["nme"] == metrics["full"]["nme_inter_ocular"]
    assert compute_metrics(faces, EvaluationConfig(normalizer="box"))["full"]["nme"] == metrics["full"]["nme_box"]


@pytest.mark.parametrize(
    ("kind", "name", "belongs"),
    [
        ("full", None, lambda labels: True),
        ("subsets", "common", lambda labels: labels.subset == "common"),
        ("subsets", "challenging", lambda labels: labels.subset == "challenging"),
        ("attributes", "blur", lambda labels: "blur" in labels.attributes),
        ("attributes", "pose", lambda labels: "pose" in labels.attributes),
    ],
)
def test_fr_and_auc_at_every_threshold_of_every_set(faces, metrics, kind, name, belongs):
    part = metrics["full"] if name is None else metrics[kind][name]
    each = [
        errors["inter_ocular"]
        for errors, labels in zip(face_by_face(faces), faces.labels, strict=True)
        if belongs(labels)
    ]
    assert part["faces"] == len(each) < (13 if name is None else 12)
    assert part["nme"][0] == pytest.approx(sum(each) / len(each))
    for percent in (5, 7, 8, 10):
        limit = percent / 100
        failed = sum(error > limit for error in each) / len(each)
        steps = 2000  # the CED, integrated on a grid
        ced = (sum(error <= limit * (k + 0.5) / steps for error in each) / len(each) for k in range(steps))
        assert part[f"fr_{percent}"][0] == pytest.approx(failed)
        assert part[f"auc_{percent}"][0] == pytest.approx(sum(ced) / steps, abs=3e-4)


def test_each_landmark_and_each_edge(faces, metrics):
    errors = np.linalg.norm(faces.found.predicted - faces.found.truth, axis=2)
    errors /= np.array([[distances(truth)["inter_ocular"]] for truth in faces.found.truth.tolist()])
    assert [figure[0] for figure in metrics["landmarks"]] == pytest.approx(errors.mean(axis=0).tolist())
    assert metrics["edges"].keys() == {edge.name for edge in faces.schema.edges}
    for edge in faces.schema.edges:
        assert metrics["edges"][edge.name]["nme"][0] == pytest.approx(errors[:, list(edge.indices)].mean())


def test_an_interval_holds_its_figure_and_says_how_wide_chance_is(faces, metrics):
    for name, figure in metrics["full"].items():
        if name != "faces":
            value, low, high = figure
            assert low <= value <= high, name
    alone = compute_metrics(faces.of(np.arange(2)), CONFIG)["full"]["nme"]
    assert alone[0] == pytest.approx(alone[1]) == pytest.approx(alone[2])  # two faces of one photo: one draw


LINE = LandmarkSchema(
    name="line",
    size=5,
    flip=(0, 1, 2, 3, 4),
    edges=(Edge(name="lid", indices=(0, 1, 2, 3)),),
    normalizers=Normalizers(inter_ocular=((0,), (3,))),
)
TRUTH = np.array([[0.0, 0.0], [10.0, 0.0], [20.0, 0.0], [40.0, 0.0], [5.0, 9.0]])


def on_a_line(*offsets, valid=None, visible=None, schema=LINE):
    """Faces whose reference distance is 40, each with its landmarks off by what is given."""
    count = len(offsets)
    truth = np.repeat(TRUTH[None], count, axis=0)
    found = Predictions(
        truth + np.array(offsets, dtype=float),
        truth,
        np.ones((count, 5), np.bool_) if valid is None else np.array(valid, np.bool_),
        np.repeat(np.eye(2, 3)[None], count, axis=0),
        tuple(map(str, range(count))),
        None if visible is None else np.array(visible, np.bool_),
    )
    labels = tuple(
        Labels(id=name, subset="all", photo=name, attributes=("é/x",) if name == "0" else ()) for name in found.ids
    )
    return FacePredictions(found, labels, schema, "a1")


OFF = [(3, 4), (-1, 0), (0, 2), (0, 0), (6, 8)]
NOT_OFF = [(0, 0)] * 5


def test_directions_by_hand():
    """Errors of 5, 1, 2, 0 and 10 px of 40; on the horizontal lid 4, 0, 2, 0 across it and 3, 1, 0, 0 along it."""
    metrics = compute_metrics(on_a_line(OFF, NOT_OFF), CONFIG)
    full, lid = metrics["full"], metrics["edges"]["lid"]
    assert full["nme"][0] == pytest.approx(18 / 5 / 40 / 2)
    assert full["edge_nme"][0] == lid["nme"][0] == pytest.approx(8 / 4 / 40 / 2)
    assert full["normal_nme"][0] == pytest.approx(6 / 4 / 40 / 2)
    assert full["tangent_nme"][0] == pytest.approx(4 / 4 / 40 / 2)
    assert full["bias_rate"][0] == pytest.approx((4 - 6) / 6)


def test_of_many_perfect_faces_there_is_no_bias():
    assert "bias_rate" not in compute_metrics(on_a_line(NOT_OFF, NOT_OFF), CONFIG)["full"]


def test_unknown_landmarks_count_nowhere():
    metrics = compute_metrics(on_a_line(OFF, OFF, valid=[[1, 1, 1, 1, 0], [1, 0, 1, 1, 0]]), CONFIG)
    assert metrics["full"]["nme"][0] == pytest.approx((8 / 4 + 7 / 3) / 2 / 40)
    assert metrics["landmarks"][1][0] == pytest.approx(1 / 40)
    assert metrics["landmarks"][4] is None
    assert metrics["complete"] == [False]


def test_hidden_landmarks_count_if_the_settings_say_so_and_are_reported_apart_anyway():
    faces = on_a_line(OFF, OFF, visible=[[0, 1, 1, 0, 1], [1, 1, 1, 1, 1]])
    known, visible = (
        compute_metrics(faces, EvaluationConfig(landmarks=which))["full"] for which in ("known", "visible")
    )
    assert known["nme"][0] == pytest.approx(18 / 5 / 40)
    assert visible["nme"][0] == pytest.approx((13 / 3 + 18 / 5) / 2 / 40)
    for metrics in (known, visible):
        assert metrics["nme_visible"][0] == pytest.approx(visible["nme"][0])
        assert metrics["nme_hidden"][0] == pytest.approx(5 / 2 / 40)  # of the one face that has any
    blind = on_a_line(OFF, OFF, visible=[[0] * 5, [1] * 5])
    with pytest.raises(UserError, match="1 of 2 faces have no visible landmark: 0; set"):
        compute_metrics(blind, EvaluationConfig(landmarks="visible"))


def test_a_normalizer_that_some_faces_lack_is_reported_and_the_chosen_one_is_required():
    faces = on_a_line(OFF, OFF, valid=[[0, 1, 1, 1, 1], [1, 1, 1, 1, 1]])
    metrics = compute_metrics(faces, EvaluationConfig(normalizer="box"))
    assert "nme_inter_ocular" not in metrics["full"]
    assert "1 of 2 faces lack a landmark" in metrics["unmeasured"]["inter_ocular"]
    with pytest.raises(UserError, match="1 of 2 faces lack a landmark"):
        compute_metrics(faces, CONFIG)


def test_a_body_is_measured_by_pck():
    """Joints off by 0, 5 and 12 of a torso of 40: with 0.2 of it, 8 px, all but the last two are found."""
    body = LINE.model_copy(update={"normalizers": Normalizers(torso=((0,), (3,))), "edges": ()})
    faces = on_a_line([(0, 0), (5, 0), (0, 8), (0, 8.1), (12, 0)], valid=[[1, 1, 1, 1, 1]], schema=body)
    metrics = compute_metrics(faces, EvaluationConfig(normalizer="torso"))
    assert metrics["full"]["pck"][0] == pytest.approx(3 / 5)
    assert [joint[0] for joint in metrics["joints"]] == [1, 1, 1, 0, 0]


def test_the_flat_names_are_mlflows():
    named = flat(compute_metrics(on_a_line(OFF, NOT_OFF), CONFIG))
    assert {"nme", "nme_low", "nme_high", "fr_8", "auc_10_high", "faces", "é_x/nme"} <= named.keys()
    assert named["nme_low"] <= named["nme"] <= named["nme_high"]
    assert all(isinstance(value, float) for value in named.values())


def test_equal_faces_have_equal_figures_and_their_order_matters_only_to_the_draws(faces, metrics):
    assert compute_metrics(replace(faces), CONFIG) == metrics
    turned = compute_metrics(faces.of(np.arange(12)[::-1]), CONFIG)
    assert turned["full"]["nme"] == pytest.approx(metrics["full"]["nme"])
