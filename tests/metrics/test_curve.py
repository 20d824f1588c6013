import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facealign.config import UserError
from facealign.metrics import auc, ced, failure_rate

ERRORS = np.array([0.02, 0.04, 0.04, 0.10, 0.30])
errors = st.lists(st.floats(0, 2), min_size=1, max_size=40).map(np.array)
thresholds = st.floats(0.01, 1)


def test_by_hand():
    """Up to 10 %, the faces leave (8 + 6 + 6 + 0 + 0) / 50 of the area."""
    assert failure_rate(ERRORS, 0.10) == pytest.approx(1 / 5)  # an error of just 0.10 has not failed
    assert failure_rate(ERRORS, 0.08) == pytest.approx(2 / 5)
    assert auc(ERRORS, 0.10) == pytest.approx(0.4)
    np.testing.assert_allclose(ced(ERRORS, [0, 0.02, 0.03, 0.04, 0.1, 0.3]), [0, 0.2, 0.2, 0.6, 0.8, 1])


@given(errors, thresholds)
def test_auc_is_the_integral_of_the_ced(nme, threshold):
    """Trapezoids over a fine grid, as published evaluation scripts do it."""
    grid = np.linspace(0, threshold, 2001)
    numeric = np.trapezoid((nme[:, None] <= grid).mean(axis=0), grid) / threshold
    assert auc(nme, threshold) == pytest.approx(numeric, abs=1 / 2000)


@given(errors, thresholds)
def test_identities(nme, threshold):
    assert auc(nme, threshold) >= 1 - nme.mean() / threshold - 1e-12
    assert auc(nme, threshold) <= ced(nme, threshold) + 1e-12
    assert failure_rate(nme, threshold) == pytest.approx(1 - ced(nme, threshold))
    if failure_rate(nme, threshold) == 0:
        assert auc(nme, threshold) == pytest.approx(1 - nme.mean() / threshold, abs=1e-9)


@given(errors, thresholds)
def test_order_does_not_matter(nme, threshold):
    assert auc(nme[::-1], threshold) == pytest.approx(auc(nme, threshold), abs=1e-12)
    assert (ced(nme[::-1], nme) == ced(nme, nme)).all()


@pytest.mark.parametrize(
    ("nme", "threshold", "message"),
    [
        ([], 0.1, "at least one face"),
        ([[0.1]], 0.1, "shape"),
        ([0.1, np.nan], 0.1, "1 of 2 NMEs"),
        ([0.1, -0.1], 0.1, "1 of 2 NMEs"),
        ([0.1], 0.0, "threshold 0.0 is not positive"),
        ([0.1], np.nan, "threshold nan is not positive"),
    ],
)
def test_nonsense_is_refused(nme, threshold, message):
    for figure in (auc, failure_rate):
        with pytest.raises(UserError, match=message):
            figure(np.array(nme), threshold)
