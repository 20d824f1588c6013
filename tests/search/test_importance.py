import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution

from facealign.search.importance import importance

X, Y, KIND = FloatDistribution(0, 1), FloatDistribution(0, 1), CategoricalDistribution(["a", "b"])


def study(*trials, directions=("minimize",)):
    """A study of (params, value) pairs."""
    made = optuna.create_study(directions=directions)
    spaces = {"x": X, "y": Y, "kind": KIND}
    for params, value in trials:
        values = value if isinstance(value, tuple) else (value,)
        space = {name: spaces[name] for name in params}
        made.add_trial(optuna.create_trial(params=params, distributions=space, values=values))
    return made


def grid():
    """x decides; y does nothing, and exists for half of the trials."""
    return [
        ({"x": x / 10, "kind": "a", "y": y / 4} if y % 2 else {"x": x / 10, "kind": "b"}, x / 10)
        for x in range(10)
        for y in range(4)
    ]


def test_what_decides_comes_first():
    found = importance(study(*grid()))
    assert next(iter(found.shares)) == "x"
    assert found.shares["x"] > 0.8
    assert sum(found.shares.values()) == pytest.approx(1)
    assert found.found_in == {"x": 40, "y": 20, "kind": 40}
    assert (found.trials, found.top) == (40, 0.125)  # five of forty


def test_several_objectives_have_an_importance_too():
    found = importance(study(*((p, (v, 1 - v)) for p, v in grid()), directions=("minimize", "minimize")))
    assert set(found.shares) == {"x", "y", "kind"}


@pytest.mark.parametrize(
    "trials",
    [
        [],
        [({"x": 0.1}, 0.1), ({"x": 0.2}, 0.2), ({"x": 0.3}, 0.3)],
        [({"x": 0.5}, number / 10) for number in range(8)],
        [({"x": number / 10}, 0.5) for number in range(8)],
        [({"x": number / 10}, float(number > 0)) for number in range(8)],
        [({}, number / 10) for number in range(8)],
    ],
    ids=["none", "three", "nothing varied", "all alike", "all but one alike", "no parameter"],
)
def test_trials_that_cannot_tell(trials):
    assert importance(study(*trials)) is None
