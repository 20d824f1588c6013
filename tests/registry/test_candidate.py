import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facealign.config import UserError
from facealign.registry.register import Candidate, best_of

CANDIDATE = Candidate(
    method="awing",
    run_id="r1",
    model_uri="models:/m-1",
    validation_nme=0.04,
    data_digest="d" * 64,
    config_hash="c" * 64,
    git_commit="g" * 40,
    measured=Path("test.arrow"),
)


@given(st.lists(st.floats(0, 1), min_size=1))
def test_the_best_has_the_lowest_nme(metrics):
    best = best_of([replace(CANDIDATE, validation_nme=figure) for figure in metrics])
    assert best.validation_nme == sorted(metrics)[0]


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
