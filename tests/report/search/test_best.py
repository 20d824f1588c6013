from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import trial_rows
from facealign.report.search.best import best_row, expected_best, finished, leaders, pareto_front
from trial_rows import row


@pytest.mark.parametrize("values", [[3.0], [2.0, 1.0], [5.0, 1.0, 1.0, 4.0]])
def test_the_expected_best_is_the_mean_over_all_draws(values):
    by_hand = [np.mean([min(draw) for draw in product(values, repeat=k)]) for k in range(1, 6)]
    np.testing.assert_allclose(expected_best(np.array(values), 5), by_hand)


def test_the_expected_best_falls_to_the_lowest_value_and_no_further():
    curve = expected_best(np.random.default_rng(0).lognormal(size=30), 2000)
    assert (np.diff(curve) <= 1e-12).all()
    assert curve[-1] == pytest.approx(np.random.default_rng(0).lognormal(size=30).min())


@given(st.lists(st.tuples(*[st.integers(0, 4)] * 3), min_size=1, max_size=25))
def test_the_pareto_front_by_its_definition(points):
    def beaten(point):
        return any(all(o <= p for o, p in zip(other, point, strict=True)) and other != point for other in points)

    assert pareto_front(np.array(points, dtype=float)).tolist() == [not beaten(point) for point in points]


def test_only_finished_trials_with_finite_values_can_be_best():
    rows = [row(3, nme=0.04), row(1, nme=0.04), row(0, "PRUNED", 0.01), row(2, nme=float("inf")), row(4, "FAIL")]
    assert [one.number for one in finished(rows)] == [1, 3]
    assert best_row(rows).number == 1  # the first of equals
    assert best_row([row(0, "PRUNED")]) is None


def test_leaders_are_the_best_or_the_front():
    assert leaders([]) == []
    assert [one.number for one in leaders([row(0, nme=0.2), row(1, nme=0.1)])] == [1]
    rows = [row(n, values=values) for n, values in enumerate([(0.3, 1.0), (0.1, 3.0), (0.2, 2.0), (0.3, 2.0)])]
    assert [one.number for one in leaders(rows)] == [1, 2, 0]
    front = leaders(trial_rows.two_objectives())
    assert all(a.values[0] < b.values[0] and a.values[1] > b.values[1] for a, b in pairwise(front))
