"""The study, on a search that takes milliseconds."""

import gc
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

from facealign.search.storage import JOURNAL, open_storage
from facealign.search.study import SearchStudy
from facealign.search.trial_row import best
from search import postgres, toy

_TIMES = {"seconds", "started", "ended"}


def content(study):
    """The rows without what the clock says."""
    return [row.model_dump(exclude=_TIMES) for row in study.rows()]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    study = toy.open_study(tmp_path_factory.mktemp("undisturbed"))
    toy.finish(study)
    return study


def test_the_same_file_twice_gives_the_same_trials(undisturbed, tmp_path):
    again = toy.open_study(tmp_path)
    toy.finish(again)
    assert content(again) == content(undisturbed)


def test_states_are_the_truth(undisturbed):
    rows = undisturbed.rows()
    assert [row.number for row in rows] == list(range(len(rows)))
    assert {row.state for row in rows} == {"COMPLETE", "PRUNED", "FAIL"}
    for row in rows:
        match row.state:
            case "COMPLETE":
                assert row.values == (min(row.rungs.values()),)
                assert sorted(row.rungs) == [1, 2, 3, 4]
                assert row.epochs == 4
            case "PRUNED":
                assert row.values == ()
                assert sorted(row.rungs) in ([1], [1, 2])
                assert row.rungs[row.epochs] == toy.nme(row.params, row.epochs)
            case "FAIL":
                assert (row.values, row.rungs) == ((), {})
                assert row.cause == "the fourth of five is always ill"
        assert (row.cause is not None) == (row.state == "FAIL")
        assert row.seconds is not None


def test_failed_trials_are_not_of_the_budget(undisturbed):
    states = [row.state for row in undisturbed.rows()]
    assert len(states) - states.count("FAIL") == 12


def test_the_first_trial_is_the_files(undisturbed):
    assert undisturbed.rows()[0].params == {"train.x": 0.3, "train.y": 4}


def killed_at_random(folder: Path, chance: random.Random) -> bool:
    """Run the search in a process and kill that; False where it was done before."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}
    command = [sys.executable, toy.__file__, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        for _ in range(chance.randint(1, 9)):
            process.stdout.readline()
        process.kill()
        process.stdout.read()
        return process.wait() == -signal.SIGKILL


@pytest.mark.thorough
def test_killed_again_and_again_it_comes_to_the_same(undisturbed, tmp_path):
    chance, kills = random.Random(0), 0
    while killed_at_random(tmp_path, chance):
        kills += 1
        assert kills < 30
    assert kills >= 3
    study = toy.open_study(tmp_path)
    toy.finish(study)
    assert content(study) == content(undisturbed)


def test_what_a_killed_driver_left_running_waits_again_in_place(tmp_path):
    killed = toy.open_study(tmp_path)
    toy.work(killed, killed.ask())
    lost = killed.ask()
    killed.report(lost.number, {1: 0.05}, 1, judge=True)
    before = content(killed)

    study = toy.open_study(tmp_path)
    assert study.requeued == [1]
    after = content(study)
    assert [row["state"] for row in before] == ["COMPLETE", "RUNNING"]
    assert [row["state"] for row in after] == ["COMPLETE", "WAITING"]
    assert [row | {"state": ""} for row in before] == [row | {"state": ""} for row in after]

    asked = study.ask()
    assert (asked.number, asked.params, asked.rungs) == (lost.number, lost.params, {1: 0.05})
    assert len(study.rows()) == 2


def test_a_driver_killed_between_two_parameters_asks_the_same_trial_again(tmp_path, undisturbed):
    class Killed(Exception):
        pass

    class Half(toy.ToyPlan):
        def suggest(self, trial):
            if trial.number == 5:
                trial.suggest_float("train.x", 0.0, 1.0)
                raise Killed
            return super().suggest(trial)

    half = SearchStudy(Half(trials=12), open_storage(None, tmp_path, alone=True))
    with pytest.raises(Killed):
        toy.finish(half)
    study = toy.open_study(tmp_path)
    assert study.requeued == [5]
    toy.finish(study)
    assert content(study) == content(undisturbed)


def test_a_driver_killed_before_the_pruner_was_asked_asks_it_again(tmp_path):
    """The epoch is on record, and nobody judged it."""
    killed = toy.open_study(tmp_path)
    toy.work(killed, killed.ask())
    lost = killed.ask()
    bad = {1: 99.0}
    killed.report(lost.number, bad, 1, judge=False)
    study = toy.open_study(tmp_path)
    study.ask()
    assert study.report(lost.number, bad | {2: 0.0}, 2, judge=True)


def test_trials_that_wait_are_asked_before_new_ones(tmp_path):
    study = toy.open_study(tmp_path)
    first, second = study.ask(), study.ask()
    study.requeue(first.number)
    assert study.ask() == first
    study.requeue(second.number)
    assert study.ask() == second


def test_a_budget_that_grows_goes_on(tmp_path, undisturbed):
    toy.finish(toy.open_study(tmp_path, trials=5))
    study = toy.open_study(tmp_path, trials=12)
    toy.finish(study)
    assert content(study) == content(undisturbed)


def test_rows_may_be_limited_too(tmp_path):
    study = toy.open_study(tmp_path, trials=None, rows=7)
    toy.finish(study)
    assert len(study.rows()) == 7


def test_too_many_failures(tmp_path):
    study = toy.open_study(tmp_path, failures=2)
    while not study.has_failed_too_often:
        toy.work(study, study.ask())
    assert [number for number, _ in study.causes()] == [4, 9]


def test_no_sampler_learns_from_a_failed_trial(undisturbed):
    failed = [trial for trial in undisturbed.optuna.get_trials() if trial.state is TrialState.FAIL]
    assert failed
    assert all(trial.values is None for trial in failed)


def test_hours_are_counted_over_all_starts(tmp_path):
    now = [100.0]

    def start(**limits):
        plan = toy.ToyPlan(trials=12, **limits)
        return SearchStudy(plan, open_storage(None, tmp_path, alone=True), clock=lambda: now[0])

    study = start(seconds=60.0)
    now[0] += 40
    study.budget.tick(gpus=2)
    assert study.budget.is_over is None
    now[0] += 1000  # nobody searches
    study = start(seconds=60.0, gpu_seconds=100.0)
    assert study.budget.seconds_left == 20
    now[0] += 15
    study.budget.tick(gpus=2)
    assert study.budget.is_over == "gpu_hours"
    now[0] += 15
    study.budget.tick(gpus=0)
    assert study.budget.is_over == "hours"


def test_a_line_that_was_cut_off_and_a_stale_lock_do_not_harm(tmp_path, undisturbed):
    toy.finish(toy.open_study(tmp_path, trials=5))
    journal = tmp_path / JOURNAL
    with journal.open("ab") as stream:
        stream.write(b'{"op_code":4,"worker')
    Path(f"{journal}.lock").symlink_to(journal)
    study = toy.open_study(tmp_path)
    toy.finish(study)
    assert content(study) == content(undisturbed)
    assert optuna.load_study(study_name="toy-0", storage=open_storage(None, tmp_path, alone=False)).trials


def test_several_objectives_have_rungs_and_no_pruner(tmp_path):
    class Two(toy.ToyPlan):
        objectives = ("nme", "parameters")

    study = SearchStudy(Two(trials=2), open_storage(None, tmp_path, alone=True))
    asked = study.ask()
    assert not study.report(asked.number, {1: 9.0}, 1, judge=True)
    assert study.complete(asked.number, {"parameters": 5, "nme": 0.25}) == (0.25, 5.0)
    (row,) = study.rows()
    assert (row.values, row.rungs) == ((0.25, 5.0), {1: 9.0})


def test_the_best_comes_first(undisturbed):
    values = [row.values[0] for row in best(undisturbed.rows())]
    assert values == sorted(values)


@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # Optuna has no way to close its connections
@pytest.mark.skipif(postgres.missing() is not None, reason=str(postgres.missing()))
def test_in_postgresql_a_study_is_the_same_and_goes_on(undisturbed, tmp_path):
    with postgres.serving() as address:
        few = SearchStudy(toy.ToyPlan(trials=5), open_storage(address, tmp_path, alone=True))
        toy.finish(few)
        study = SearchStudy(toy.ToyPlan(trials=12), open_storage(address, tmp_path, alone=True))
        toy.finish(study)
        assert content(study) == content(undisturbed)
        del few, study
        gc.collect()
    assert not list(tmp_path.iterdir())
