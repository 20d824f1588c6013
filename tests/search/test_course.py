"""What a search is expected to cost, against Optuna's own pruners on made-up trials."""

import random
import statistics

import optuna
import pytest

from facealign.search.cost import preview, simulate_pruning
from facealign.search.file import SearchFile
from facealign.search.pruners import (
    ASHASettings,
    HyperbandSettings,
    MedianSettings,
    NoPruning,
    build_pruner,
)

PRUNERS = [
    (ASHASettings(), 9, 1),
    (ASHASettings(first=2, factor=2), 10, 1),
    (ASHASettings(factor=4), 6, 4),
    (HyperbandSettings(), 9, 1),
    (HyperbandSettings(first=1, factor=2), 7, 1),
    (MedianSettings(), 6, 1),
    (MedianSettings(startup=3, warmup=3, every=2), 8, 2),
    (NoPruning(), 4, 1),
]


def played(settings, trials, epochs, every, seed):
    """Last epochs of a study whose trials are lines that never cross, judged by Optuna."""
    source = random.Random(seed)
    study = optuna.create_study(pruner=build_pruner(settings, epochs), study_name=f"game {seed}")
    ends = []
    for _ in range(trials):
        trial, worth = study.ask(), source.random()
        for epoch in range(every, epochs, every):
            trial.report(worth + 1 / epoch, epoch)
            if trial.should_prune():
                study.tell(trial, state=optuna.trial.TrialState.PRUNED)
                ends.append(epoch)
                break
        else:
            trial.report(worth + 1 / epochs, epochs)
            study.tell(trial, worth)
            ends.append(epochs)
    return ends


@pytest.mark.thorough
@pytest.mark.parametrize(("settings", "epochs", "every"), PRUNERS)
def test_the_course_is_that_of_optunas_pruners(settings, epochs, every):
    games = [played(settings, 24, epochs, every, seed) for seed in range(30)]
    course = simulate_pruning(settings, 24, epochs, every)
    assert course.rungs[-1].epoch == epochs
    assert {end for game in games for end in game} <= {rung.epoch for rung in course.rungs}
    for rung in course.rungs:
        there = [sum(end >= rung.epoch for end in game) for game in games]
        error = statistics.stdev(there) / len(there) ** 0.5
        assert abs(statistics.fmean(there) - rung.trials) <= 3.5 * error + 0.05
    spent = [sum(game) for game in games]
    error = statistics.stdev(spent) / len(spent) ** 0.5
    assert abs(statistics.fmean(spent) - sum(course.epochs)) <= 3.5 * error + 0.05
    assert sum(rung.epochs for rung in course.rungs) == pytest.approx(sum(course.epochs))


def test_the_first_rung_lets_through_what_the_rule_says():
    """The nth trial goes on if it is among the best max(⌊n/3⌋, 1) of n, each rank being as likely."""
    course = simulate_pruning(ASHASettings(), 30, 3)
    wanted = sum(max(n // 3, 1) / n for n in range(1, 31))
    assert course.rungs[-1].trials == pytest.approx(wanted, abs=0.35)


def test_hyperbands_brackets_are_optunas():
    for first, factor, epochs in ((1, 3, 9), (1, 3, 27), (2, 2, 17), (1, 4, 3)):
        settings = HyperbandSettings(first=first, factor=factor)
        pruner = settings.build(epochs)
        pruner._try_initialization(optuna.create_study())
        assert settings.brackets(epochs) == tuple(pruner._trial_allocation_budgets)


def priced(epoch_seconds=36.0, has_gpu=False, **changes):
    file = SearchFile.model_validate(
        {
            "name": "a",
            "method": "awing",
            "space": {"model.network.stacks": {"low": 1, "high": 4, "int": True}},
            "pruner": {"name": "none"},
            "budget": {"trials": 10},
            **changes,
        }
    )
    return preview(file, 5, 1, epoch_seconds, has_gpu)


def test_the_price_is_epochs_times_seconds():
    found = priced()
    assert (found.trials, found.limit, found.epochs, found.unpruned_epochs) == (10, "trials", 50, 50)
    assert found.confirm_epochs == 3 * 3 * 5
    assert found.device_hours == pytest.approx((50 + 45) * 36 / 3600)
    assert found.hours == found.device_hours
    assert priced(confirm=None).confirm_epochs == 0


def test_trials_at_once_shorten_the_time_and_not_the_price():
    found = priced(concurrency=4)
    assert found.hours == pytest.approx(found.device_hours / 4)
    assert found.device_hours == pytest.approx(priced().device_hours)


@pytest.mark.parametrize(
    ("changes", "has_gpu", "trials", "limit"),
    [
        ({"budget": {"trials": 10, "hours": 0.12}}, False, 3, "hours"),  # 12 epochs: within the third trial
        ({"budget": {"trials": 10, "hours": 0.12}, "concurrency": 2}, False, 5, "hours"),
        ({"budget": {"hours": 0.12}}, False, 3, "hours"),
        ({"budget": {"trials": 10, "gpu_hours": 0.05}}, True, 1, "gpu_hours"),
        ({"budget": {"trials": 10, "gpu_hours": 0.05}}, False, 10, "trials"),
        ({"budget": {"trials": 10, "hours": 5}}, False, 10, "trials"),
        ({"sampler": {"name": "grid"}}, False, 4, "grid"),
    ],
)
def test_the_budget_ends_it_where_it_is_used_up_first(changes, has_gpu, trials, limit):
    found = priced(has_gpu=has_gpu, **changes)
    assert (found.trials, found.limit, found.epochs) == (trials, limit, 5 * trials)


def test_pruning_pays():
    assert priced(pruner={"name": "asha"}).epochs < 0.6 * priced().epochs
