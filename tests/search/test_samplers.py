"""Every sampler, asked and told on a toy; and again after its study was closed in the middle."""

import itertools
import warnings

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from facealign.search.samplers import (
    CMAESSettings,
    GridSettings,
    QMCSettings,
    RandomSettings,
    TPESettings,
    build_sampler,
    trial_seed,
)
from facealign.search.space import Choices, Range, Space

NUMBERS = Space({"x": Range(low=-3, high=3), "y": Range(low=0.01, high=100, log=True)})
MIXED = Space({**NUMBERS.parameters, "z": Choices(choices=("a", {"b": 1}, [1, 2]))})
FINITE = Space(
    {
        "x": Range(low=-1, high=1, step=0.5),
        "y": Range(low=1, high=3, is_whole=True),
        "z": Choices(choices=("a", [1])),
    }
)
CONDITIONAL = Space(
    {
        "kind": Choices(choices=("line", "bowl")),
        "x": Range(low=-3, high=3),
        "depth": Range(low=0.1, high=10, log=True, when={"kind": "bowl"}),
    }
)
KINDS = [
    (TPESettings(startup=4), NUMBERS),
    (TPESettings(startup=4), MIXED),
    (TPESettings(startup=4), CONDITIONAL),
    (TPESettings(startup=4, multivariate=False, constant_liar=False), CONDITIONAL),
    (CMAESSettings(), NUMBERS),
    (CMAESSettings(startup=3, population=4), NUMBERS),
    (QMCSettings(), MIXED),
    (QMCSettings(sequence="halton", scramble=False), NUMBERS),
    (RandomSettings(), CONDITIONAL),
    (GridSettings(), FINITE),
]


def worth(values):
    return sum((value - 1) ** 2 for value in values.values() if isinstance(value, int | float))


def run(study, settings, space, seed, numbers):
    for number in numbers:
        study.sampler = build_sampler(settings, space, seed, number)
        trial = study.ask()
        assert trial.number == number
        study.tell(trial, worth(space.suggest(trial)))
    return [trial.params for trial in study.trials]


@pytest.mark.parametrize(("settings", "space"), KINDS, ids=lambda one: getattr(one, "name", ""))
def test_a_study_that_was_closed_goes_on_as_if_nothing_had_been(settings, space, tmp_path):
    whole = run(optuna.create_study(), settings, space, 5, range(16))
    journal = str(tmp_path / "study.journal")
    optuna.create_study(study_name="a", storage=JournalStorage(JournalFileBackend(journal)))
    for numbers in (range(7), range(7, 16)):
        study = optuna.load_study(study_name="a", storage=JournalStorage(JournalFileBackend(journal)))
        parts = run(study, settings, space, 5, numbers)
    assert parts == whole
    assert len({str(params) for params in whole}) == 16
    assert run(optuna.create_study(), settings, space, 6, range(16)) != whole or settings == KINDS[7][0]


@pytest.mark.thorough
@pytest.mark.parametrize("settings", [TPESettings(), CMAESSettings()], ids=lambda one: one.name)
def test_those_that_learn_come_nearer_than_chance(settings):
    def best(settings, seed):
        study = optuna.create_study()
        run(study, settings, NUMBERS, seed, range(40))
        return study.best_value

    learned, random = ([best(one, seed) for seed in range(5)] for one in (settings, RandomSettings()))
    assert sorted(learned)[2] < sorted(random)[2]


def test_a_grid_has_every_point_once():
    found = run(optuna.create_study(), GridSettings(), FINITE, 3, range(FINITE.size))
    wanted = [dict(zip("xyz", point, strict=True)) for point in itertools.product(*FINITE.grid.values())]
    assert sorted(map(str, found)) == sorted(map(str, wanted))
    in_order = [str(point) for point in wanted]
    assert list(map(str, found)) != in_order


def test_quasi_random_points_are_even():
    """Of 16 Sobol points, each sixteenth of a range has one; the first trial is a random one."""
    space = Space({"x": Range(low=0, high=1), "y": Range(low=0, high=1)})
    params = run(optuna.create_study(), QMCSettings(), space, 0, range(17))[1:]
    for name in "xy":
        assert sorted(int(16 * point[name]) for point in params) == list(range(16))


def test_several_objectives():
    for settings in (TPESettings(startup=3), QMCSettings(), RandomSettings()):
        study = optuna.create_study(directions=["minimize", "minimize"])
        for number in range(8):
            study.sampler = build_sampler(settings, MIXED, 0, number)
            trial = study.ask()
            values = MIXED.suggest(trial)
            study.tell(trial, [worth(values), values["y"]])
        assert len(study.best_trials) >= 1


def test_building_a_sampler_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for settings, space in KINDS:
            build_sampler(settings, space, 0, 0)


def test_seeds_of_trials_are_their_own():
    seeds = {trial_seed(seed, number) for seed in range(20) for number in range(50)}
    assert len(seeds) == 1000
    assert all(0 <= seed < 2**32 for seed in seeds)
