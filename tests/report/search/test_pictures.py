import numpy as np
import pytest

import trial_rows
from facealign.config import UserError
from facealign.report.search.plots import PLOTS
from facealign.report.search.verdict import mean_and_half_width
from facealign.report.style import to_rgb
from trial_rows import ALPHA, LOSS, THETA, bare, context, row, search, two_objectives, wide

ALL_BUT_THE_FRONT = set(PLOTS) - {"pareto"}
BY_TRIAL = {"history", "random", "slices", "parallel", "rungs"}
SEARCH = search()
SAME = tuple(row(number, params={ALPHA: 2.1}, nme=0.05 + number / 100) for number in range(6))
ODD = tuple(row(n, params={"a.name": [True, False, None][n % 3], LOSS: [[1, 2], "x", 3][n % 3]}) for n in range(6))
TWO = two_objectives()

CASES = {  # rows, what is known, which plots there are
    "a search": (SEARCH, context(SEARCH), ALL_BUT_THE_FRONT),
    "nothing": ((), bare(), set()),
    "waiting": ((row(0, "WAITING"),), bare(), set()),
    "one finished": ((row(0),), bare(), {"history", "rungs"}),
    "one running": ((row(0, "RUNNING"),), bare(), {"history", "rungs"}),
    "all pruned": (tuple(row(n, "PRUNED") for n in range(6)), None, {"history", "slices", "rungs"}),
    "all failed": (tuple(row(n, "FAIL") for n in range(6)), None, {"history"}),
    "nothing varied": (SAME, None, {"history", "random", "rungs"}),
    "all alike": (tuple(row(n) for n in range(6)), None, BY_TRIAL),
    "odd choices": (ODD, None, BY_TRIAL),
    "diverged": ((*SEARCH, row(98, nme=float("inf")), row(99, nme=50.0)), None, BY_TRIAL),
    "two objectives": (
        TWO,
        context(TWO, objectives=("nme", "parameters"), confirmed=()),
        {"history", "pareto", "importance", "slices", "parallel"},
    ),
    "three objectives": (
        tuple(one.model_copy(update={"values": (*one.values, float(one.number))}) for one in TWO),
        bare(objectives=("nme", "parameters", "latency_ms")),
        {"history", "pareto", "slices", "parallel"},
    ),
}
LARGE = {
    "40 parameters": (wide(15, 40), None, BY_TRIAL),
    "2000 trials": (wide(2000, 3), None, BY_TRIAL),
}


def check(rows, known, drawn):
    """What can be drawn is, whole and not empty; what cannot is refused with a sentence."""
    for name, picture in PLOTS.items():
        if name not in drawn:
            with pytest.raises(UserError, match=r"\w+ \w+"):
                picture.draw(rows, known or bare(rows))
            continue
        rgb = to_rgb(picture.draw(rows, known or bare(rows)))
        assert (rgb < 200).any(), name
        for border in (rgb[:4], rgb[-4:], rgb[:, :4], rgb[:, -4:]):
            assert (border == 255).all(), name


@pytest.mark.parametrize("case", CASES)
def test_whatever_the_trials_are_like(case):
    check(*CASES[case])


@pytest.mark.thorough
@pytest.mark.parametrize("case", LARGE)
def test_however_many(case):
    check(*LARGE[case])


def draw(name, rows=SEARCH, **others):
    return PLOTS[name].draw(rows, context(rows, **others))


def line(axes, label):
    return next(line for line in axes.lines if line.get_label() == label)


def test_the_best_so_far_never_rises_and_is_of_finished_trials():
    axes = draw("history").axes[0]
    best, expected = float("inf"), []
    for one in SEARCH:
        if one.state == "COMPLETE":
            best = min(best, 100 * one.values[0])
            expected.append((one.number, best))
    steps = next(line for line in axes.lines if line.get_drawstyle() == "steps-post")
    np.testing.assert_allclose(steps.get_xydata(), [*expected, (SEARCH[-1].number, best)])


def test_pruned_trials_stand_at_the_best_of_their_epochs_and_are_hollow():
    axes = draw("history").axes[0]
    pruned = next(line for line in axes.lines if line.get_marker() == "v")
    assert pruned.get_markerfacecolor() == "none"
    expected = [(one.number, 100 * min(one.rungs.values())) for one in SEARCH if one.state == "PRUNED"]
    np.testing.assert_allclose(pruned.get_xydata(), expected)


def test_the_comparison_counts_epochs_as_they_were_spent():
    left, right = draw("random").axes
    spent = np.cumsum([one.epochs for one in SEARCH if one.state not in ("RUNNING", "WAITING")])
    np.testing.assert_allclose(line(right, "this search").get_xdata(), spent)
    np.testing.assert_allclose(line(left, "this search").get_xdata(), np.arange(1, len(spent) + 1))
    chance = next(line for line in left.lines if "expected best of k draws" in line.get_label())
    measured = [min(one.rungs.values()) for one in SEARCH[1:8] if one.rungs]
    assert chance.get_ydata()[0] == pytest.approx(100 * np.mean(measured))
    assert len(chance.get_ydata()) == len(measured)


def test_importance_says_where_a_parameter_is_rare():
    axes = draw("importance").axes[0]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["omega", "theta (in 5 of 9)", "alpha"]
    np.testing.assert_allclose([bar.get_width() for bar in axes.patches], [0.6, 0.3, 0.1])


def test_a_slice_holds_the_trials_that_have_the_parameter():
    panels = {axes.get_xlabel(): axes for axes in draw("slices").axes if axes.get_visible()}
    assert list(panels) == ["loss.name", "alpha", "omega", "theta"]
    assert panels["omega"].get_xscale() == "log"
    shown = sum(len(line.get_xdata()) for line in panels["theta"].lines if line.get_marker() in "ovs")
    assert shown == sum(THETA in one.params for one in SEARCH if one.rungs)


def test_an_absent_parameter_is_a_gap():
    axes = draw("parallel").axes[0]
    lines = [path.vertices for path in axes.collections[0].get_paths()]
    finished = [one for one in SEARCH if one.state == "COMPLETE"]
    assert len(lines) == len(finished)
    assert all(np.isfinite(line[[0, 1, 2, 4]]).all() for line in lines)
    assert sum(np.isnan(line[3, 1]) for line in lines) == sum(THETA not in one.params for one in finished) > 0


def test_curves_end_where_the_trials_did():
    axes = draw("rungs").axes[0]
    ends = {line.get_marker(): set(line.get_xdata()) for line in axes.lines if line.get_linestyle() == "None"}
    assert ends == {"o": {9}, "v": {3}, "s": {2}}
    assert [text.get_text() for text in axes.texts] == ["rung 1", "rung 3"]


def test_the_front_is_joined_and_numbered():
    axes = PLOTS["pareto"].draw(TWO, context(TWO, objectives=("nme", "parameters"))).axes[0]
    numbers = {int(text.get_text()) for text in axes.texts}
    assert numbers == {
        one.number
        for one in TWO
        if not any(o.values[0] < one.values[0] and o.values[1] < one.values[1] for o in TWO)
    }


def test_the_interval_of_three_seeds():
    mean, half = mean_and_half_width([4.0, 5.0, 6.0])
    assert mean == 5
    assert half == pytest.approx(4.302653 / np.sqrt(3), rel=1e-6)  # Student's t of 0.975, two degrees of freedom
    assert mean_and_half_width([4.0]) == (4.0, None)
    bars = draw("confirmation").axes[0].containers
    assert [bar.has_xerr for bar in bars] == [True, True]


def test_the_pictures_tell_trials_apart_without_color():
    marks = [line for line in draw("history").axes[0].lines if line.get_linestyle() == "None"]
    forms = [(line.get_marker(), line.get_markerfacecolor() == "none") for line in marks]
    assert len(set(forms)) == len(forms) == 6  # four states, the paper's setting, the best


def test_more_axes_than_fit_are_the_most_important():
    rows = wide(40, 15)
    paths = list(rows[0].params)
    shares = {path: place / 105 for place, path in enumerate(paths)}
    known = trial_rows.Importance(
        evaluator="x", top=0.5, shares=shares, found_in=dict.fromkeys(paths, 14), trials=14
    )
    shown = PLOTS["parallel"].draw(rows, bare(importance=known)).axes[0].texts
    for place, path in enumerate(paths):
        assert any(text.get_text() == path.rsplit(".", 1)[1] for text in shown) == (place >= 5), path
