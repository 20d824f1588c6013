import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from facealign.config import UserError
from facealign.metrics import Total, groups_of, summarize

ERRORS = np.array([0.02, 0.04, 0.06, 0.09, 0.29])


def test_by_hand():
    """Areas: (8 + 6 + 4 + 1 + 0) / 50 up to 10 %, and (6 + 4 + 2 + 0 + 0) / 40 up to 8 %."""
    found = summarize(ERRORS).metrics()
    expected = {
        "nme": 0.1,
        "nme_median": 0.06,
        "fr_10": 0.2,
        "fr_8": 0.4,
        "auc_10": 0.38,
        "auc_8": 0.30,
        "faces": 5,
    }
    assert found == pytest.approx(expected)


def test_a_threshold_names_its_figures_in_percent():
    assert {"fr_7.5", "auc_7.5"} < set(summarize(ERRORS, [0.075]).metrics())


@given(hnp.arrays(float, st.integers(2, 60), elements=st.floats(0, 1)), st.data())
def test_a_partition_adds_up(errors, data):
    """As 300W: the full set's NME and FR are the means of its subsets', weighted by their faces."""
    labels = data.draw(
        st.lists(st.sampled_from(["common", "challenging", "afw"]), min_size=len(errors), max_size=len(errors))
    )
    full, parts = summarize(errors), {name: summarize(errors[mask]) for name, mask in groups_of(labels).items()}
    assert list(parts) == list(dict.fromkeys(labels))
    assert sum(part.faces for part in parts.values()) == full.faces
    for figure in ("nme", "fr_10", "auc_8"):
        weighted = sum(part.faces * part.metrics()[figure] for part in parts.values()) / full.faces
        assert weighted == pytest.approx(full.metrics()[figure], abs=1e-12)


@given(hnp.arrays(float, st.integers(1, 200), elements=st.floats(0, 8)), st.integers(1, 9), st.integers(0, 99))
def test_a_total_is_the_same_however_the_faces_are_shared(errors, parts, seed):
    order = np.random.default_rng(seed).permutation(len(errors))
    shared = sum((Total.of(part) for part in np.array_split(errors[order], parts)), Total())
    assert shared == Total.of(errors)  # to the bit
    assert shared.mean == pytest.approx(errors.mean(), abs=2**-32)


def test_a_total_of_nothing_has_no_mean():
    assert Total.of(np.empty(0)) + Total() == Total()
    with pytest.raises(UserError, match="no face was measured"):
        _ = Total().mean
