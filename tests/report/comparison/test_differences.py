"""Runs are compared face by face, on the faces that both have."""

import numpy as np
import pytest

from facealign.data.shards.row import Labels
from facealign.evaluation.face_predictions import FacePredictions
from facealign.geometry import load_schema
from facealign.report.comparison.differences import best_of, differences
from facealign.report.comparison.run import ReportRun
from facealign.training import Predictions


def run(name, ids, errors):
    points = np.zeros((len(ids), 68, 2))
    found = Predictions(
        points, points, np.ones((len(ids), 68), np.bool_), np.tile(np.eye(2, 3), (len(ids), 1, 1)), tuple(ids)
    )
    labels = tuple(Labels(id=one, subset="", photo=one, attributes=()) for one in ids)
    faces = FacePredictions(found, labels, load_schema("ibug68"), "d")
    return ReportRun(name=name, faces=faces, metrics={}, errors=np.array(errors, float), upright=None)


def test_a_constant_difference_is_certain():
    rng = np.random.default_rng(0)
    errors = rng.uniform(0.02, 0.2, 50)
    ids = [str(i) for i in range(50)]
    order = rng.permutation(50)
    better, worse = run("b", ids, errors), run("w", [ids[i] for i in order], errors[order] + 0.01)
    assert best_of([worse, better]) is better
    (found,) = differences([worse, better], 0.1)
    assert (found.run, found.faces, found.worse) == ("w", 50, 1.0)
    assert found.nme == pytest.approx((0.01, 0.01, 0.01))
    assert found.is_significant
    assert found.failure_rate[0] == pytest.approx(np.mean(errors + 0.01 > 0.1) - np.mean(errors > 0.1))
    assert found.auc[0] == pytest.approx(np.mean(np.minimum(errors, 0.1) - np.minimum(errors + 0.01, 0.1)) / 0.1)


def test_noise_is_chance():
    rng = np.random.default_rng(1)
    errors, ids = rng.uniform(0.02, 0.2, 60), [str(i) for i in range(60)]
    (found,) = differences([run("a", ids, errors), run("b", ids, errors + rng.normal(0, 0.02, 60))], 0.1)
    assert not found.is_significant


def test_faces_that_one_has_alone_do_not_count():
    one, other = run("a", ["1", "2", "3"], [0.1, 0.2, 0.3]), run("b", ["3", "9", "2"], [0.5, 0.0, 0.2])
    best, rest = sorted([one, other], key=lambda r: r.errors.mean())
    (found,) = differences([one, other], 0.1)
    assert (found.run, found.faces) == (rest.name, 2)
    assert best is one
    assert found.nme[0] == pytest.approx(0.1)
    assert differences([one, run("c", ["7"], [0.9])], 0.1) == []
