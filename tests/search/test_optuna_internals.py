"""The private part of Optuna that a study uses: for which version it was checked, and what it has to do."""

import optuna

from facealign.search.study import _forget_suggestions

CHECKED = "5.0"
"""With another Optuna, see that the test below still passes before this is raised."""


def test_the_version_is_the_one_that_was_checked():
    assert optuna.__version__.startswith(f"{CHECKED}."), f"check _forget_suggestions with {optuna.__version__}"


def test_a_trial_suggests_again_what_was_forgotten():
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    trial = study.ask()
    first = trial.suggest_float("x", 0, 1)
    assert trial.suggest_float("x", 0, 1) == first
    _forget_suggestions(trial)
    second = trial.suggest_float("x", 0, 1)
    assert second != first
    assert trial.params == {"x": second}
