"""Fixed lists of settings, and the confirmation, which is one."""

import pytest
from scipy import stats

from facealign.search.confirm import Confirmed, confirmation, confirmed, to_confirm
from facealign.search.file import Confirm
from facealign.search.plan import FixedPlan
from facealign.search.storage import open_storage
from facealign.search.study import SearchStudy
from facealign.search.trial_row import TrialRow

PLAN = FixedPlan(title="table-3", rows=({"a": 1}, {"a": 2, "b": "x"}), seeds=(5, 6, 7), fixed={"c": 0})


def complete(number, value, params=None):
    return TrialRow(number=number, state="COMPLETE", values=(value,), params=params or {"x": number})


def test_every_row_is_trained_from_every_seed_once(tmp_path):
    study = SearchStudy(PLAN, open_storage(None, tmp_path, alone=True))
    asked = []
    while (one := study.ask()) is not None:
        asked.append(one.settings)
        study.complete(one.number, {"nme": 1.0})
    assert asked == [{"c": 0, **row, "seed": seed} for row in PLAN.rows for seed in PLAN.seeds]
    assert list(PLAN.places(1)) == [3, 4, 5]
    assert study.rows()[4].params == {"a": 2, "b": "x", "seed": 6}
    assert SearchStudy(PLAN, open_storage(None, tmp_path, alone=True)).ask() is None


def test_a_failed_training_is_not_replaced_by_another(tmp_path):
    study = SearchStudy(PLAN, open_storage(None, tmp_path, alone=True))
    while (one := study.ask()) is not None:
        study.fail(one.number, "ill")
    assert len(study.rows()) == 6


def test_a_failed_training_is_tried_again_when_asked_to(tmp_path):
    def opened(again=True):
        return SearchStudy(PLAN, open_storage(None, tmp_path, alone=True), again=again)

    study = opened()
    while (one := study.ask()) is not None:
        if one.number in (1, 4):
            study.fail(one.number, "the disk was full")
        else:
            study.complete(one.number, {"nme": one.number / 10})
    assert [row.number for row in study.queued() if row.state == "FAIL"] == [1, 4]
    assert not opened(again=False).has_more
    opened()  # a driver that was killed before it began
    study = opened()
    asked = [study.ask(), study.ask()]
    assert study.ask() is None
    assert [one.params for one in asked] == [{"a": 1, "seed": 6}, {"a": 2, "b": "x", "seed": 6}]
    study.complete(asked[0].number, {"nme": 0.7})
    study.fail(asked[1].number, "ill")
    assert [row.number for row in study.queued()] == [0, 6, 2, 3, 7, 5]
    assert [row.values for row in study.queued()[:2]] == [(0.0,), (0.7,)]
    assert [row.cause for row in study.rows() if row.state == "FAIL"] == ["the disk was full"] * 2 + ["ill"]


@pytest.mark.parametrize(
    "change", [{"rows": ({"a": 1},)}, {"seeds": (5,)}, {"fixed": {}}, {"base": {"data": "other"}}]
)
def test_the_name_says_what_the_figures_depend_on(change):
    assert PLAN.model_copy(update=change).name != PLAN.name
    assert PLAN.model_copy(update={"failures": 1}).name == PLAN.name


def test_the_best_and_the_papers_setting_are_confirmed():
    rows = [complete(0, 0.3), complete(1, 0.1), complete(2, 0.2), TrialRow(number=3, state="PRUNED")]
    assert [row.number for row in to_confirm(rows, Confirm(top=2), has_paper=True)] == [1, 2, 0]
    assert [row.number for row in to_confirm(rows, Confirm(top=3), has_paper=True)] == [1, 2, 0]
    assert [row.number for row in to_confirm(rows, Confirm(top=2), has_paper=False)] == [1, 2]
    assert to_confirm(rows[3:], Confirm(), has_paper=True) == []


def test_the_papers_setting_is_confirmed_though_it_was_pruned():
    rows = [TrialRow(number=0, state="PRUNED", params={"x": 0}), complete(1, 0.1)]
    assert [row.number for row in to_confirm(rows, Confirm(top=1), has_paper=True)] == [1, 0]


def test_means_and_their_order():
    chosen = [complete(4, 0.1), complete(0, 0.2)]
    plan = confirmation(PLAN, {}, chosen, seeds=[1, 2])
    assert plan.rows == ({"x": 4}, {"x": 0})
    trained = [complete(0, 0.5), complete(1, 0.7), complete(2, 0.4), TrialRow(number=3, state="FAIL", cause="ill")]
    paper, lucky = confirmed(plan, chosen, trained, has_paper=True)
    assert (paper.number, paper.is_paper, paper.seeds, paper.values) == (0, True, (1,), (0.4,))
    assert (lucky.number, lucky.is_paper, lucky.values) == (4, False, (0.5, 0.7))
    assert paper.half_width is None


def test_the_interval_is_students():
    values = (0.31, 0.35, 0.36, 0.40)
    one = Confirmed(0, False, {}, (1, 2, 3, 4), values)
    low, high = stats.t.interval(0.95, 3, loc=one.mean, scale=stats.sem(values))
    assert (one.mean - one.half_width, one.mean + one.half_width) == pytest.approx((low, high))
