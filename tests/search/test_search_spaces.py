"""The spaces of the repository: each of them fits params.yaml, and so does all that a search may make of it."""

from pathlib import Path

import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from facealign.search.load import load_search
from facealign.search.samplers import RandomSettings, build_sampler

SPACES = sorted((Path(__file__).resolve().parents[2] / "search_spaces").glob("*.yaml"))


@pytest.fixture(scope="module", params=SPACES, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture(scope="module")
def file(path, baseline):
    return load_search(path, baseline)


def test_there_is_one_for_every_loss():
    names = {path.stem for path in SPACES}
    assert names >= {"awing", "adl", "wing", "softwing", "anisotropic", "subpixel", "scc_graph", "optim", "joint"}


def test_it_is_named_as_its_file_and_says_what_to_expect(path, file):
    assert file.name == path.stem
    comment = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
    assert len(comment) >= 4
    assert "xpect" in " ".join(comment)


@settings(max_examples=25)
@given(number=st.integers(0, 2**32 - 1))
def test_every_suggestion_fits_params_yaml(number, file, baseline):
    study = optuna.create_study(sampler=build_sampler(RandomSettings(), file.space, 0, number))
    values = file.space.suggest(study.ask())
    assert baseline.problems({**file.fixed, **values}) == []
    assert all(file.space.parameters[path].takes(value) for path, value in values.items())


def test_the_first_trials_are_the_papers(file):
    assert file.initial_trials
    study = optuna.create_study(sampler=build_sampler(file.sampler, file.space, file.seed, 0))
    for values in file.initial_trials:
        study.enqueue_trial(file.space.labels(values))
    for values in file.initial_trials:
        trial = study.ask()
        assert file.space.suggest(trial) == values
        assert file.space.values(trial.params) == values


@pytest.mark.thorough
def test_it_fits_the_recipe_of_its_method_too(path, file, tmp_path):
    """The papers' sizes name losses and their parameters; a space must not trip over them."""
    from facealign.workflows.search_setup import ParamsBaseline
    from facealign.workflows.settings import apply_recipe

    root = path.parents[1]
    params = tmp_path / "params.yaml"
    params.write_text((root / "params.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    apply_recipe(root / "recipes" / f"{file.method}.yaml", params)
    load_search(path, ParamsBaseline(params))


def test_trials_of_a_laptop_are_few_and_short(file, baseline):
    epochs = baseline.value(f"method.{file.method}.train.epochs", file.fixed)
    assert file.budget.trials <= 42
    assert epochs <= baseline.value(f"method.{file.method}.train.epochs", {})


def test_no_space_hides_a_setting_of_another(path):
    tree = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    assert set(tree) <= {
        "name",
        "method",
        "space",
        "fixed",
        "initial_trials",
        "sampler",
        "pruner",
        "budget",
        "confirm",
    }
