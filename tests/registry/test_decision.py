import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facealign.config import UserError
from facealign.registry.decision import Candidate, Champion, best_of, decide

CANDIDATE = Candidate(
    method="awing",
    run_id="r1",
    model_uri="models:/m-1",
    validation_nme=0.04,
    data_digest="d" * 64,
    config_hash="c" * 64,
    git_commit="g" * 40,
)


def _champion(nme, digest="d" * 64):
    return Champion("3", {"validation_nme": repr(nme), "data_digest": digest})


@given(st.lists(st.floats(0, 1), min_size=1))
def test_the_best_has_the_lowest_nme(figures):
    best = best_of([replace(CANDIDATE, validation_nme=figure) for figure in figures])
    assert best.validation_nme == sorted(figures)[0]


@pytest.mark.parametrize(
    ("champion", "promoted", "said"),
    [
        (None, True, "first champion"),
        (_champion(0.05), True, "replaces version 3: validation NME 0.04000 against 0.05000"),
        (_champion(0.03), False, "version 3 stays champion: validation NME 0.03000 against 0.04000"),
        (_champion(0.04), True, "replaces version 3"),
        (_champion(0.01, "e" * 64), True, "not measured on data dddddddddddd"),
        (Champion("3", {}), True, "not measured on data"),
        (Champion("7", {}), True, "champion already"),
    ],
)
def test_the_champion_yields_only_to_what_is_no_worse_on_the_same_data(champion, promoted, said):
    decision, reason = decide(CANDIDATE, "7", champion)
    assert decision is promoted
    assert said in reason


def test_nothing_to_choose_from():
    with pytest.raises(UserError, match="no model to register; train"):
        best_of([])


@pytest.mark.parametrize("figure", [math.nan, math.inf])
def test_a_figure_that_is_none(figure):
    with pytest.raises(UserError, match=r"adnet \(run r1\) has a validation NME of (nan|inf)"):
        best_of([CANDIDATE, replace(CANDIDATE, method="adnet", validation_nme=figure)])


def test_figures_on_different_data_do_not_compare():
    with pytest.raises(UserError, match=r"different data \(awing on dddddddddddd, adnet on eeeeeeeeeeee\)"):
        best_of([CANDIDATE, replace(CANDIDATE, method="adnet", data_digest="e" * 64)])
