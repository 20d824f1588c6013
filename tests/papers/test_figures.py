"""What is measured for a column, against calculations of the test's own."""

import numpy as np
import pytest

from facealign.data.shards.row import Labels
from facealign.evaluation.papers.prepared import Prepared, curve
from facealign.evaluation.papers.table import Column, PaperTable
from facealign.evaluation.papers.table_metrics import anisotropies, ellipses_from, epoch_for, measured
from facealign.geometry import load_schema
from facealign.training import Predictions

SCHEMA = load_schema("ibug68")


@pytest.fixture(scope="module")
def found():
    rng = np.random.default_rng(4)
    truth = np.array([0.0, 0.0]) + rng.uniform(0, 200, (12, 68, 2))
    predicted = truth + rng.normal(scale=3, size=truth.shape)
    affine = np.tile(np.eye(2, 3), (12, 1, 1))
    return Predictions(predicted, truth, np.ones((12, 68), np.bool_), affine, tuple(map(str, range(12))))


def labels(*subsets):
    return tuple(
        Labels(id=str(i), subset=name.partition("+")[0], photo=str(i), attributes=tuple(name.split("+")[1:]))
        for i, name in enumerate(subsets)
    )


FACES = Prepared("300w", SCHEMA, labels(*["common"] * 6, *["challenging+pose"] * 4, "common+pose", "common"))


def column(figure, **changes):
    return Column(title="c", figure=figure, data="300w", **changes)


def errors(found, faces, points, normalizer):
    """(F,) NME by hand."""
    distances = {
        "inter_ocular": lambda t: np.hypot(*(t[36] - t[45])),
        "inter_pupil": lambda t: np.hypot(*(t[36:42].mean(axis=0) - t[42:48].mean(axis=0))),
        "box": lambda t: np.sqrt(np.prod(t.max(axis=0) - t.min(axis=0))),
    }
    return np.array(
        [
            np.mean([np.hypot(*(found.predicted[f, n] - found.truth[f, n])) for n in points])
            / distances[normalizer](found.truth[f])
            for f in faces
        ]
    )


@pytest.mark.parametrize("normalizer", ["inter_ocular", "inter_pupil", "box"])
@pytest.mark.parametrize(
    ("subset", "faces"), [(None, range(12)), ("challenging", range(6, 10)), ("pose", (6, 7, 8, 9, 10))]
)
def test_nme_by_normalizer_and_subset(found, normalizer, subset, faces):
    wanted = column("nme", normalizer=normalizer, subset=subset)
    value = measured(wanted, found, found.predicted, FACES.faces(wanted), SCHEMA)
    assert value == pytest.approx(errors(found, faces, range(68), normalizer).mean())


def test_failures_and_area(found):
    mine = errors(found, range(12), range(68), "inter_ocular")
    limit = float(np.median(mine))
    for figure, expected in (
        ("failure_rate", np.mean(mine > limit)),
        ("auc", np.mean(np.clip(1 - mine / limit, 0, 1))),
    ):
        wanted = column(figure, threshold=limit)
        assert measured(wanted, found, found.predicted, FACES.faces(wanted), SCHEMA) == pytest.approx(expected)


def test_a_curve_is_measured_by_its_landmarks_alone(found):
    lid = curve(SCHEMA, "right_upper_lid")
    assert lid == (36, 37, 38, 39)
    wanted = column("nme")
    value = measured(wanted, found, found.predicted, FACES.faces(wanted), SCHEMA, lid)
    assert value == pytest.approx(errors(found, range(12), lid, "inter_ocular").mean())
    one, other = (
        measured(column(name), found, found.predicted, FACES.faces(wanted), SCHEMA, lid)
        for name in ("normal_nme", "tangent_nme")
    )
    bias = measured(column("bias_rate"), found, found.predicted, FACES.faces(wanted), SCHEMA, lid)
    assert bias == pytest.approx((other - one) / one)
    assert np.hypot(one, other) <= value <= one + other


def test_the_ellipse_of_stretched_errors(found):
    rng = np.random.default_rng(0)
    errors_FN2 = rng.normal(size=(4000, 68, 2)) * (1.0, 3.0)
    truth = np.tile(found.truth[:1], (4000, 1, 1))
    many = Predictions(
        truth + errors_FN2,
        truth,
        np.ones((4000, 68), np.bool_),
        np.tile(np.eye(2, 3), (4000, 1, 1)),
        ("x",) * 4000,
    )
    ratios = anisotropies(many, SCHEMA)
    assert ratios == pytest.approx([3.0] * 68, rel=0.1)
    metrics = {f"anisotropy/{n}": ratio for n, ratio in enumerate(ratios)}
    assert ellipses_from(metrics, 68)[5] == [ratios[5], 1.0]


@pytest.mark.parametrize(
    ("epochs", "expected"), [(240, [10, 50, 200]), (24, [1, 5, 20]), (10, [1, 2, 8]), (1, [1] * 3)]
)
def test_a_shorter_training_is_looked_at_at_the_same_share(epochs, expected):
    assert [epoch_for(epoch, 240, epochs) for epoch in (10, 50, 200)] == expected


def table(*columns):
    return PaperTable(
        paper="p",
        table=1,
        method="awing",
        caption="c",
        columns={str(i): one for i, one in enumerate(columns)},
        rows=[{"label": "r", "set": {}, "printed": {str(i): None for i in range(len(columns))}}],
    )


def test_columns_without_data_say_why():
    columns = [
        column("nme"),
        column("nme", subset="common"),
        column("nme", subset="indoor"),
        Column(title="c", figure="nme", data="wflw"),
        column("printed"),
        Column(title="c", figure="parameters", data="wflw", unit="M"),
    ]
    assert FACES.lacking(table(*columns)) == {
        "2": "no face here is in the subset indoor",
        "3": "needs WFLW",
        "4": "not measured here",
    }


def test_other_faces_stand_in_for_the_first_data_set():
    columns = [Column(title="c", figure="nme", data="wflw"), column("nme", normalizer="inter_pupil")]
    drawn = Prepared("synthetic", SCHEMA, labels("synthetic"))
    assert drawn.stands_for(table(*columns)) == "wflw"
    assert drawn.lacking(table(*columns)) == {"1": "needs 300W"}
    assert FACES.stands_for(table(*columns)) == "300w"
    profiles = Prepared("aflw", load_schema("aflw19"), labels("frontal"))
    assert profiles.lacking(table(*columns)) == {
        "0": "aflw19 has no inter_ocular distance",
        "1": "needs 300W",
    }
