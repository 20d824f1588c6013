from copy import deepcopy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facealign.evaluation.aggregate import compute_metrics
from facealign.evaluation.config import EvaluationConfig
from facealign.evaluation.consistency import InconsistentMetrics, require_consistency
from facealign.evaluation.face_errors import face_errors
from factories import measured_faces

CONFIG = EvaluationConfig()


@pytest.fixture(scope="module")
def errors():
    return face_errors(measured_faces(), CONFIG).chosen


@pytest.fixture(scope="module")
def metrics():
    return compute_metrics(measured_faces(), CONFIG)


def test_what_is_measured_satisfies_them(metrics, errors):
    require_consistency(metrics, errors)


@pytest.mark.thorough
@given(st.integers(0, 10_000), st.floats(0, 40), st.sampled_from(["ibug68", "wflw98", "cofw29", "aflw19"]))
@settings(max_examples=8, deadline=None)
def test_whatever_is_measured_satisfies_them(seed, spread, schema):
    normalizer = "box" if schema == "aflw19" else "inter_ocular"
    faces = measured_faces(4, schema, spread, seed)
    compute_metrics(faces, EvaluationConfig(normalizer=normalizer, thresholds=(0.04, 0.2)))


BROKEN = {
    "a failure rate that is no number of faces": (("full", "fr_8"), lambda fr: fr + 0.01, "no whole number"),
    "an area below the bound": (("full", "auc_10"), lambda auc: auc - 0.6, "is not between 1 − NME/t"),
    "an area above the bound": (("subsets", "common", "auc_10"), lambda auc: 1.0, "is not between 1 − NME/t"),
    "failures that come and go": (("attributes", "blur", "fr_10"), lambda fr: 1.0, "the second may not be larger"),
    "a CED that falls": (("full", "auc_8"), lambda auc: auc + 0.06, "the CED between them"),
    "a mean below what failed": (("full", "nme"), lambda nme: nme / 10, "is below t·FR"),
    "another mean than its parts": (("subsets", "common", "nme_box"), lambda nme: nme + 0.01, "weighted by"),
    "another failure rate than its parts": (("full", "fr_5"), lambda fr: fr - 1 / 12, "weighted by"),
    "directions that are too long": (("full", "normal_nme"), lambda nme: 2 * nme, "√(normal² + tangent²)"),
    "directions that are too short": (("edges", "contour", "tangent_nme"), lambda nme: 0.0, "normal + tangent"),
    "another bias rate": (("full", "bias_rate"), lambda rate: rate + 0.1, "(tangent − normal)/normal"),
    "another mean than the landmarks'": (("landmarks", 8), lambda nme: nme + 0.1, "the mean of the landmarks'"),
}


def changed(metrics, path, change, end=0):
    found = deepcopy(metrics)
    *above, last = path
    part = found
    for key in above:
        part = part[key]
    part[last][end] = change(part[last][end])
    return found


@pytest.mark.parametrize("what", BROKEN)
def test_a_changed_figure_breaks_one(metrics, what):
    path, change, message = BROKEN[what]
    with pytest.raises(InconsistentMetrics) as caught:
        require_consistency(changed(metrics, path, change))
    assert message in str(caught.value)


def test_an_interval_that_ends_before_it_begins(metrics):
    with pytest.raises(InconsistentMetrics, match=r"full: nme_box: the interval from .* ends before it begins"):
        require_consistency(changed(metrics, ("full", "nme_box"), lambda low: 1.0, end=1))


def test_faces_that_are_lost_between_the_subsets(metrics):
    fewer = deepcopy(metrics)
    del fewer["subsets"]["common"]
    with pytest.raises(InconsistentMetrics, match="the subsets have 6 faces, and full has 12"):
        require_consistency(fewer)


def test_figures_of_other_faces_are_found_by_the_errors(metrics, errors):
    with pytest.raises(InconsistentMetrics) as caught:
        require_consistency(metrics, np.sort(errors)[1:])
    for name in ("nme", "fr_10", "auc_5"):
        assert f"full: {name} " in str(caught.value)


def test_a_published_row_that_breaks_them_is_found():
    """AWing's on COFW, its Table 2: NME 4.94 %, FR 0.99 %, AUC 48.82 % at 10 %, where 50.6 % is the least."""
    row = {name: [value] * 3 for name, value in {"nme": 0.0494, "fr_10": 5 / 507, "auc_10": 0.4882}.items()}
    row |= {"faces": 507, "nme_inter_ocular": row["nme"]}
    published = {"full": row, "subsets": {}, "attributes": {}, "edges": {}, "landmarks": [], "complete": [False]}
    with pytest.raises(InconsistentMetrics, match=r"auc_10 0\.4882 is not between 1 − NME/t = 0\.506"):
        require_consistency(published)
