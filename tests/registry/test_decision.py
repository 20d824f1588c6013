"""The gate on cases whose answer is known, and how often it is wrong."""

import runpy
from pathlib import Path

import numpy as np
import pytest

from facealign.config import UserError
from facealign.registry.config import GateLimits
from facealign.registry.decision import decide, holm, sentence, table

CASES = runpy.run_path(str(Path(__file__).resolve().parents[2] / "benchmarks" / "gate.py"))["CASES"]
QUICK = GateLimits(repeats=400)
ONE_BY_ONE = [str(face) for face in range(60)]


def _errors(mean, count=60, seed=0):
    return np.random.default_rng(seed).gamma(16.0, mean / 16, count)


@pytest.mark.thorough
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_gate_decides_as_it_should(case):
    decision = case.decision(QUICK)
    assert decision.rule == case.rule, table(decision, "champion")
    assert decision.promoted == (case.rule == "better")


def test_the_figures_are_those_of_the_faces_by_hand():
    candidate, rival = _errors(0.04), _errors(0.08, seed=1)
    mask = np.arange(60) < 30
    decision = decide(candidate, rival, ONE_BY_ONE, {"subset half": mask}, 0.05, QUICK)
    nme, failures, half, half_failures = decision.comparisons
    assert (nme.candidate, nme.rival) == (pytest.approx(candidate.mean()), pytest.approx(rival.mean()))
    assert failures.rival == pytest.approx((rival > 0.05).mean())
    assert (half.candidate, half.faces, half.verdict) == (
        pytest.approx(candidate[mask].mean()),
        30,
        "too few photos",
    )
    assert half_failures.p is None
    error = (candidate - rival).std() / np.sqrt(60)
    assert nme.low == pytest.approx((candidate - rival).mean() - 1.96 * error, abs=0.3 * error)
    assert nme.high == pytest.approx((candidate - rival).mean() + 1.96 * error, abs=0.3 * error)


def test_photos_count_and_not_faces():
    """Sixty faces on six photos are six."""
    photos = [str(face // 10) for face in range(60)]
    decision = decide(_errors(0.04), _errors(0.08), photos, {}, 0.1, GateLimits(min_photos=7))
    assert decision.rule == "too few photos"
    assert "6 test photos are too few, registry.min_photos asks for 7" in sentence(decision, "version 3")


@pytest.mark.parametrize(
    ("limits", "rule"),
    [
        ({}, "better"),
        ({"min_gain": 0.15}, "no better"),
        ({"min_gain": 0.05}, "better"),
    ],
)
def test_a_gain_must_exceed_what_is_asked(limits, rule):
    rival = _errors(0.04)
    assert decide(rival * 0.9, rival, ONE_BY_ONE, {}, 0.1, QUICK.model_copy(update=limits)).rule == rule


@pytest.mark.parametrize(
    ("limits", "rule"),
    [
        ({}, "worse somewhere"),
        ({"allowed_loss": 0.2, "allowed_failures": 0.5}, "better"),
        ({"min_photos": 51}, "better"),
    ],
)
def test_a_subset_may_lose_what_is_allowed(limits, rule):
    rival = np.tile(_errors(0.04), 4)
    photos = [str(face) for face in range(240)]
    mask = np.arange(240) < 50
    candidate = np.where(mask, 1.1, 0.7) * rival
    assert decide(candidate, rival, photos, {"a": mask}, 0.1, QUICK.model_copy(update=limits)).rule == rule


def test_equal_models_are_promoted_no_more_often_than_the_level_allows():
    """Two that are equal but for the noise on each face, without subsets: 2.5 % is meant, 5 % is promised."""
    limits = GateLimits(repeats=300, min_gain=0.0)
    rng = np.random.default_rng(7)
    photos = [str(face) for face in range(50)]
    promoted = 0
    for _ in range(300):
        hard = rng.lognormal(-3.3, 0.5, 50)
        one, other = (hard * rng.lognormal(0, 0.3, 50) for _ in range(2))
        promoted += decide(one, other, photos, {}, 10.0, limits).promoted
    assert promoted <= 300 * 0.05


@pytest.mark.thorough
def test_many_subsets_do_not_refuse_by_chance():
    """Two that are equal on each of ten subsets: one question at a time at α would find a loss in one of five."""
    limits = GateLimits(repeats=900)
    rng = np.random.default_rng(3)
    groups = {f"subset {i}": np.arange(500) % 10 == i for i in range(10)}
    photos = [str(face) for face in range(500)]
    refused = 0
    for _ in range(25):
        hard = rng.lognormal(-3.3, 0.4, 500)
        mine, theirs = (hard * rng.lognormal(0, 0.3, 500) for _ in range(2))
        decision = decide(mine, theirs, photos, groups, 10.0, limits)
        refused += bool(decision.worse)
    assert refused <= 2


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == pytest.approx([1.0, 1.0])
    assert holm([]) == []


@pytest.mark.parametrize(
    ("candidate", "rival", "message"),
    [([], [], "give each face's"), ([0.1], [0.1, 0.2], "give each face's"), ([np.nan] * 60, [0.1] * 60, "finite")],
)
def test_errors_that_do_not_compare(candidate, rival, message):
    with pytest.raises(UserError, match=message):
        decide(np.array(candidate), np.array(rival), ONE_BY_ONE[: len(candidate)], {}, 0.1, QUICK)


def test_too_few_drawings_for_so_many_subsets():
    groups = {f"subset {i}": np.arange(60) > -1 for i in range(5)}
    with pytest.raises(UserError, match=r"registry.repeats is 100, too few to find one significant loss among 11"):
        decide(_errors(0.04), _errors(0.04), ONE_BY_ONE, groups, 0.1, GateLimits(repeats=100))


def test_the_words_have_the_figures():
    rival = np.tile(_errors(0.04), 4)
    mask = np.arange(240) < 60
    decision = decide(
        np.where(mask, 1.2, 0.7) * rival, rival, [str(i) for i in range(240)], {"attribute blur": mask}, 0.1, QUICK
    )
    said = sentence(decision, "version 3")
    assert said.startswith("better than version 3 on the whole (NME ")
    assert "significantly worse in attribute blur: NME 4." in said
    rows = table(decision, "version 3").splitlines()
    assert len(rows) == 2 + 4
    assert rows[4].startswith("| attribute blur | 60 (60) | NME | 3.")
    assert rows[4].endswith("| worse |")
