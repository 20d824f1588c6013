"""Parameters and spaces of any make."""

import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from facealign.search.file import SearchFile
from facealign.search.samplers import RandomSettings, build_sampler
from facealign.search.space import Choices, Range, Space

SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.sampled_from(["a", "b", "[1]", "2"]))
VALUES = st.one_of(SCALARS, st.lists(st.integers(0, 3), max_size=2), st.dictionaries(st.just("k"), SCALARS))


@st.composite
def ranges(draw):
    low = draw(st.integers(1, 50))
    kind = draw(st.sampled_from(["float", "log", "step", "int", "int log", "int step"]))
    if kind in ("float", "log"):
        return Range(low=low / 7, high=(low + draw(st.integers(1, 50))) / 7, log=kind == "log")
    if kind == "step":
        return Range(low=low / 10, high=(low + 3 * draw(st.integers(1, 9))) / 10, step=0.3)
    step = 3 if kind == "int step" else None
    high = low + 3 * draw(st.integers(1, 9))
    return Range(low=low, high=high, is_whole=True, step=step, log=kind == "int log")


@st.composite
def choices(draw):
    drawn = draw(st.lists(VALUES, min_size=2, max_size=5, unique_by=str))
    try:
        return Choices(choices=tuple(drawn))
    except ValidationError:  # 1 and true, which a study does not tell apart
        return Choices(choices=(0.25, {"k": drawn}))


@st.composite
def spaces(draw):
    """Up to six parameters, each of which may hang on some value of one before it."""
    parameters = {}
    for i in range(draw(st.integers(1, 6))):
        parameter = draw(st.one_of(ranges(), choices()))
        parents = [path for path, one in parameters.items() if one.values is not None]
        if parents and draw(st.booleans()):
            parent = draw(st.sampled_from(parents))
            some = draw(st.lists(st.sampled_from(list(parameters[parent].values)), min_size=1, max_size=3))
            parameter = parameter.model_copy(update={"when": {parent: tuple(some)}})
        parameters[f"{draw(st.sampled_from('abc'))}{i}"] = parameter
    return Space(parameters)


def suggested(space, number):
    study = optuna.create_study(sampler=build_sampler(RandomSettings(), space, 0, number))
    trial = study.ask()
    return space.suggest(trial), trial


@settings(max_examples=40)
@given(space=spaces(), number=st.integers(0, 1000))
def test_a_suggestion_has_what_exists_and_nothing_else(space, number):
    values, trial = suggested(space, number)
    for path, parameter in space.parameters.items():
        assert (path in values) == parameter.is_active(values)
        assert path not in values or parameter.takes(values[path])
    assert suggested(space, number)[0] == values
    assert space.values(trial.params) == values
    assert space.values(space.labels(values)) == values


@settings(max_examples=40)
@given(space=spaces(), number=st.integers(0, 1000), chance=st.randoms(use_true_random=False))
def test_the_order_of_the_file_does_not_matter(space, number, chance):
    paths = list(space.parameters)
    chance.shuffle(paths)
    other = Space({path: space.parameters[path] for path in paths})
    assert other.order == space.order
    assert suggested(other, number)[0] == suggested(space, number)[0]


@settings(max_examples=40)
@given(space=spaces())
def test_what_a_parameter_needs_lets_it_exist(space):
    for path, parameter in space.parameters.items():
        needs = space.needs(path)
        assert needs is None or all(space.parameters[parent].takes(value) for parent, value in needs.items())
        assert needs is None or parameter.is_active(needs)


@settings(max_examples=40)
@given(parameter=st.one_of(ranges(), choices()))
def test_all_values_of_a_grid_are_taken_and_their_number_is_known(parameter):
    space = Space({"a": parameter, "b": Choices(choices=(1, 2, 3))})
    if parameter.values is None:
        assert space.grid is None
        assert space.size is None
        return
    assert all(parameter.takes(value) for value in parameter.values)
    assert space.size == 3 * len(parameter.values)
    assert [parameter.value(label) for label in space.grid["a"]] == list(parameter.values)


def test_parents_of_several_kinds_and_values():
    space = Space(
        {
            "loss": Choices(choices=("a", "b", "c")),
            "stacks": Range(low=1, high=4, is_whole=True),
            "weight": Range(low=0, high=1, when={"loss": ["a", "b"], "stacks": [2, 3]}),
            "deeper": Range(low=0, high=1, when={"weight": 0.5}),
        }
    )
    assert space.order.index("weight") > max(space.order.index("loss"), space.order.index("stacks"))
    weight = space.parameters["weight"]
    assert weight.is_active({"loss": "b", "stacks": 3})
    assert not weight.is_active({"loss": "b", "stacks": 4})
    assert not weight.is_active({"loss": "c", "stacks": 2})
    assert not weight.is_active({"stacks": 2})
    assert space.needs("deeper") == {"weight": 0.5, "loss": "a", "stacks": 2}


def test_steps_are_those_that_are_written():
    assert Range(low=0.1, high=0.7, step=0.2).values == (0.1, 0.3, 0.5, 0.7)
    assert not Range(low=0.1, high=0.7, step=0.2).takes(0.2)


@pytest.mark.parametrize("pair", [(1, True), (0, 0.0), ([1], "[1]"), ({"a": 1, "b": 2}, {"b": 2, "a": 1})])
def test_choices_that_a_study_cannot_tell_apart_are_refused(pair):
    with pytest.raises(ValidationError, match="is there twice; give each once"):
        Choices(choices=pair)


def test_a_text_is_no_list_and_true_is_no_number():
    parameter = Choices(choices=([1], 1, "a"))
    assert parameter.takes([1])
    assert parameter.takes(1.0)
    assert not parameter.takes("[1]")
    assert not parameter.takes(True)


def test_a_choice_is_handed_out_anew():
    """What a trial does to its settings is no other trial's matter."""
    parameter = Choices(choices=({"name": "adam"}, {"name": "sgd"}))
    parameter.value(parameter.labels[0])["lr"] = 1.0
    assert parameter.value(parameter.labels[0]) == {"name": "adam"}


def search_file(**changes):
    space = {"model.loss.name": {"choices": ["awing", "mse"]}, "train.ema": {"low": 0.9, "high": 0.99}}
    return SearchFile.model_validate({"name": "a", "method": "awing", "space": space, **changes})


def test_short_paths_are_those_of_the_method():
    file = search_file(fixed={"train.epochs": 3, "seed": 7}, initial_trials=[{"model.loss.name": "mse"}])
    assert set(file.space.parameters) == {"method.awing.model.loss.name", "method.awing.train.ema"}
    assert file.fixed == {"method.awing.train.epochs": 3, "seed": 7}
    assert file.initial_trials == ({"method.awing.model.loss.name": "mse"},)
    again = SearchFile.model_validate(file.model_dump())
    assert again == file


def test_identity_is_what_trials_depend_on():
    plain = search_file()
    for same in ({"budget": {"hours": 1}}, {"confirm": None}, {"concurrency": 3}, {"storage": "sqlite:///a"}):
        assert search_file(**same).identity == plain.identity
    for other in (
        {"seed": 1},
        {"fixed": {"seed": 1}},
        {"pruner": {"name": "none"}},
        {"sampler": {"name": "random"}},
    ):
        assert search_file(**other).identity != plain.identity


def test_a_search_file_is_frozen():
    with pytest.raises(ValidationError, match="frozen"):
        search_file().seed = 3
