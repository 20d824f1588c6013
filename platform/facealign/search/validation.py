"""The rules of a search file that one part alone cannot know: what parts say of each other, and of params.yaml.

Each function looks at one kind of mistake and names every place of it. Locations have full paths.
"""

import difflib
import random
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from graphlib import CycleError
from itertools import takewhile
from typing import Any

from facealign.config import ConfigProblem
from facealign.search.file import Baseline, SearchFile
from facealign.search.space import OF_THE_METHOD, Assignments, Choices, Range, Space, as_json, short_path
from facealign.training.config import BESIDE_THE_RESULT

# Values that a search would try, put into params.yaml: what its own rules say of them.


Chooser = Callable[[str, Range | Choices], Any]
"""Path and parameter → a value of it."""

_DRAWS = 64
"""Random trials that are put together and checked."""


def fixed_problems(file: SearchFile, baseline: Baseline) -> list[ConfigProblem]:
    """Settings under ``fixed`` that break rules, alone or together."""
    found = []
    for problem in baseline.problems(file.fixed):
        path = _nearest_fixed_path(problem.location, list(file.fixed))
        place = ("fixed", path) if path else ("fixed",)
        found.append(ConfigProblem(place, _words(problem, path, file.method)))
    return found


def parameter_problems(file: SearchFile, baseline: Baseline, path: str) -> list[ConfigProblem]:
    """Ends and choices of one parameter that no trial could have.

    A value is tried beside as little as possible, and, should that not do, as part of whole trials: what one of
    them can have is no mistake of this parameter.
    """
    parameter = file.space.parameters[path]
    found: dict[tuple[str | int, ...], list[ConfigProblem]] = {}
    for tail, value in parameter.probes:
        beside = {**file.fixed, **(file.space.needs(path) or {}), path: value}
        problems = baseline.problems(beside)
        if problems and all(baseline.problems(trial) for trial in _trials_with(file, path, value)):
            found[tail] = [
                ConfigProblem(("space", path), _words(problem, path, file.method)) for problem in problems
            ]
    if len(found) == len(parameter.probes) and len(set(map(_without_values, found.values()))) == 1:
        # It is the parameter, whatever its value.
        return next(iter(found.values()))
    each = [(tail, problem.rule) for tail, problems in found.items() for problem in problems]
    return [ConfigProblem(("space", path, *tail), rule) for tail, rule in each]


def together_problems(file: SearchFile, baseline: Baseline) -> list[ConfigProblem]:
    """Values that are each allowed, but not together: of the first trials, else the first found by chance."""
    for i, values in enumerate(file.initial_trials):
        if problems := baseline.problems({**file.fixed, **values}):
            return [ConfigProblem(("initial_trials", i), _words(problem, "", file.method)) for problem in problems]
    for number in range(_DRAWS):
        values = file.space.filled(_drawn(random.Random(number)))
        if problems := baseline.problems({**file.fixed, **values}):
            return [_clash(file, baseline, values, problems[0])]
    return []


def _trials_with(file: SearchFile, path: str, value: Any) -> list[Assignments]:
    """Whole trials in which a parameter has a value: with all others at their first, at their last, by chance."""
    forced = {**(file.space.needs(path) or {}), path: value}
    choosers = [_end(0), _end(-1), *(_drawn(random.Random(number)) for number in range(6))]

    def trial(choose: Chooser) -> Assignments:
        return file.space.filled(lambda own, one: forced[own] if own in forced else choose(own, one))

    return [{**file.fixed, **trial(choose)} for choose in choosers]


def _end(which: int) -> Chooser:
    """The first or the last value of each parameter."""
    return lambda _path, parameter: parameter.probes[which][1]


def _drawn(source: random.Random) -> Chooser:
    def draw(_path: str, parameter: Range | Choices) -> Any:
        if parameter.values is not None:
            return source.choice(parameter.values)
        return source.uniform(*(value for _, value in parameter.probes))

    return draw


def _clash(file: SearchFile, baseline: Baseline, values: Assignments, problem: ConfigProblem) -> ConfigProblem:
    """The problem of a whole trial, with those of its values alone that it needs."""
    few = dict(values)
    for path in values:
        rest = {other: value for other, value in few.items() if other != path}
        if baseline.problems({**file.fixed, **rest}):
            few = rest
    named = ", ".join(f"{short_path(path, file.method)}: {as_json(value)}" for path, value in few.items())
    words = _words(problem, "", file.method)
    return ConfigProblem(("space",), f"{{{named}}} may come together, but {words}; narrow one, or use `when`")


def _nearest_fixed_path(location: Sequence[str | int], paths: Sequence[str]) -> str:
    """The path that has most in common with a location; empty: nothing."""

    def common(path: str) -> int:
        pairs = zip(path.split("."), map(str, location), strict=False)
        return len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))

    return max(paths, key=common, default="")


def _without_values(problems: list[ConfigProblem]) -> tuple[str, ...]:
    return tuple(re.sub(r" \(found .*?\)", "", problem.rule) for problem in problems)


def _words(problem: ConfigProblem, path: str, method: str) -> str:
    """The rule, with the key that it is about where that is another one than ``path``."""
    return problem.rule if problem.key == path else f"{short_path(problem.key, method)}: {problem.rule}"


_SECTIONS = {
    "data": "every trial learns from the same prepared faces; change params.yaml, and prepare them again",
    "cluster": "it changes nothing of what a trial learns; set it in params.yaml",
    "tracking": "it changes nothing of what a trial learns; set it in params.yaml",
    "registry": "it changes nothing of what a trial learns; set it in params.yaml",
    "methods": "it changes nothing of what a trial learns; set it in params.yaml",
    "evaluation": "all trials are measured alike; set it in params.yaml",
}

_UNSEARCHED = {
    "train.epochs": "trials of unequal length have no rung in common; give all the same under `fixed`",
    "train.evaluate_every": "trials measured at unequal epochs have no rung in common; set it under `fixed`",
    "train.normalizer": "it is what trials are measured by; set it under `fixed`",
    **{
        f"train.{name}": "it changes nothing of what a trial learns; set it under `fixed`"
        for name in sorted(BESIDE_THE_RESULT["train"])
    },
}


def find_problems(file: SearchFile, baseline: Baseline) -> list[ConfigProblem]:
    """Everything that is wrong with a file whose parts are each of the right form.

    Args:
        file: The search.
        baseline: The settings that it changes.
    """
    conditions = list(_conditions(file))
    found = [*_places(file), *_collisions(file), *conditions, *_objectives(file), *_budget(file), *_storage(file)]
    fixed = fixed_problems(file, baseline)
    found += fixed
    if not fixed:
        found += _pruner(file, baseline)
    if conditions:
        return found
    found += [*_sampler(file), *_first(file)]
    if not fixed:
        misplaced = {problem.location[:2] for problem in found}
        found += [
            problem
            for path in file.space.order
            if ("space", path) not in misplaced
            for problem in parameter_problems(file, baseline, path)
        ]
    return found or together_problems(file, baseline)


def _places(file: SearchFile) -> Iterator[ConfigProblem]:
    """Check settings that may not be searched or changed."""
    if not file.space.parameters:
        yield ConfigProblem(("space",), "there is nothing to search; name a parameter")
    own = f"method.{file.method}"
    for section, paths in (("space", file.space.parameters), ("fixed", file.fixed)):
        for path in paths:
            top, short = path.split(".")[0], short_path(path, file.method)
            rule = None
            if top not in ("method", "seed", *_SECTIONS) and (nearest := _nearest(top, OF_THE_METHOD)):
                rule = f"unknown key; did you mean {path.replace(top, nearest, 1)}?"
            elif top in _SECTIONS:
                rule = _SECTIONS[top]
            elif top == "method" and not path.startswith(f"{own}."):
                rule = f"the search is over the settings of {file.method}; name one of them, or change `method`"
            elif short in ("model", "train"):
                rule = f"it is all of a section; name settings inside it, {short}.…"
            elif section == "space" and path == "seed":
                rule = "a seed is luck and no setting; `confirm` trains the best trials with fresh ones"
            elif section == "space":
                rule = _UNSEARCHED.get(short)
            if rule:
                yield ConfigProblem((section, path), rule)


def _collisions(file: SearchFile) -> Iterator[ConfigProblem]:
    """Settings that two places give a value."""
    for path in file.fixed:
        if path in file.space.parameters:
            yield ConfigProblem(("fixed", path), "it is searched too, under `space`; leave out one of the two")
    for path, parameter in file.space.parameters.items():
        if not isinstance(parameter, Choices) or short_path(path, file.method) in OF_THE_METHOD:
            continue
        for i, choice in enumerate(parameter.choices):
            for other in (*file.space.parameters, *file.fixed):
                if other.startswith(f"{path}.") and _leads_into(choice, other.removeprefix(f"{path}.")):
                    rule = (
                        f"{short_path(other, file.method)} has a place of its own in this file; leave it out here"
                    )
                    yield ConfigProblem(("space", path, "choices", i), rule)


def _leads_into(value: Any, path: str) -> bool:
    for part in path.split("."):
        if not isinstance(value, dict) or part not in value:
            return False
        value = value[part]
    return True


def _conditions(file: SearchFile) -> Iterator[ConfigProblem]:
    """Conditions that can never be met."""
    parameters = file.space.parameters
    for path, parameter in parameters.items():
        for parent, allowed in parameter.when.items():
            place = ("space", path, "when", parent)
            if parent not in parameters:
                yield ConfigProblem(place, _unknown(parent, file))
                continue
            for value in allowed:
                if parameters[parent].values is None:
                    yield ConfigProblem(
                        place, f"it takes {parameters[parent]}, and no value twice; give it a step"
                    )
                elif not parameters[parent].takes(value):
                    yield ConfigProblem(place, f"it is never {as_json(value)}; it may be: {parameters[parent]}")
    try:
        order = file.space.order
    except CycleError as error:
        circle = error.args[1]
        names = " → ".join(short_path(path, file.method) for path in reversed(circle))
        yield ConfigProblem(
            ("space", circle[0], "when"), f"they wait for each other: {names}; take out one condition"
        )
        return
    if not all(path in parameters for path in order):
        return
    for path in order:
        if file.space.needs(path) is None:
            yield ConfigProblem(
                ("space", path, "when"), "no trial meets it, given the conditions of what it names"
            )


def _unknown(path: str, file: SearchFile) -> str:
    if path in file.fixed:
        return "it is fixed, so the condition holds always or never; leave the condition or the parameter out"
    nearest = _nearest(path, file.space.parameters)
    remedy = f"did you mean {short_path(nearest, file.method)}?" if nearest else "name one of them"
    return f"it is no parameter of `space`; {remedy}"


def _nearest(name: str, known: Iterable[str]) -> str | None:
    return next(iter(difflib.get_close_matches(name, list(known), n=1)), None)


def _objectives(file: SearchFile) -> Iterator[ConfigProblem]:
    place = ("objectives",)
    if "nme" not in file.objectives:
        yield ConfigProblem(place, "nme is missing; without it the worst model may be the best")
    if len(set(file.objectives)) < len(file.objectives):
        yield ConfigProblem(place, "an objective is there twice; name each once")
    if len(file.objectives) > 1 and file.pruner.name != "none":
        rule = f"{file.pruner.name} cannot judge {len(file.objectives)} objectives; set pruner: {{name: none}}"
        yield ConfigProblem(("pruner",), rule)
    if len(file.objectives) > 1 and file.sampler.name == "cmaes":
        yield ConfigProblem(
            ("sampler",), f"cmaes seeks one objective, and there are {len(file.objectives)}; take tpe"
        )


def _budget(file: SearchFile) -> Iterator[ConfigProblem]:
    budget = file.budget
    if (budget.trials, budget.hours, budget.gpu_hours) == (None, None, None) and file.sampler.name != "grid":
        yield ConfigProblem(("budget",), "nothing ends the search; give trials, hours or gpu_hours")
    if budget.trials is None:
        return
    if file.confirm is not None and file.confirm.top > budget.trials:
        rule = f"there are only {budget.trials} trials (found {file.confirm.top}); lower it, or set confirm: null"
        yield ConfigProblem(("confirm", "top"), rule)
    if len(file.initial_trials) > budget.trials:
        rule = f"there are only {budget.trials} trials, and {len(file.initial_trials)} in initial_trials; raise it"
        yield ConfigProblem(("budget", "trials"), rule)
    size = None if file.space.is_conditional else file.space.size
    if file.sampler.name == "grid" and size is not None and size > budget.trials:
        rule = f"the grid has {size} points, more than {budget.trials} trials; raise it, or take qmc"
        yield ConfigProblem(("budget", "trials"), rule)


def _storage(file: SearchFile) -> Iterator[ConfigProblem]:
    if file.storage is None:
        return
    scheme = file.storage.split("://")[0].split("+")[0]
    if "://" not in file.storage or scheme not in ("postgresql", "sqlite"):
        rule = f"write postgresql://user@host/name, or null for a journal of its own (found {scheme!r})"
        yield ConfigProblem(("storage",), rule)
    elif scheme == "sqlite" and file.concurrency != 1:
        rule = "sqlite loses what several trials write at once; set concurrency: 1, or storage: null for a journal"
        yield ConfigProblem(("storage",), rule)


def _pruner(file: SearchFile, baseline: Baseline) -> Iterator[ConfigProblem]:
    """Pruners that would never stop a trial."""
    if file.pruner.name == "none":
        return
    epochs, every = (
        baseline.value(f"method.{file.method}.train.{key}", file.fixed) for key in ("epochs", "evaluate_every")
    )
    if not file.pruner.rungs(epochs):
        key = "warmup" if file.pruner.name == "median" else "first"
        start = getattr(file.pruner, key)
        remedies = [f"lower {key}"] if start > 1 and epochs > 1 else []
        remedies += ["raise train.epochs", "set pruner: {name: none}"]
        rule = f"train.epochs is {epochs}, and the first rung is after epoch {start}, so none would be stopped"
        yield ConfigProblem(("pruner",), f"{rule}; {' or '.join(remedies)}")
    elif every >= epochs:
        rule = f"train.evaluate_every is {every}, so only the last epoch is measured and none would be stopped"
        yield ConfigProblem(("pruner",), f"{rule}; lower it, or set pruner: {{name: none}}")


def _sampler(file: SearchFile) -> Iterator[ConfigProblem]:
    """Check the sampler's restrictions."""
    name, parameters = file.sampler.name, file.space.parameters
    place = ("sampler",)

    def names(chosen: Iterable[str]) -> str:
        return ", ".join(short_path(path, file.method) for path in chosen)

    if name in ("cmaes", "qmc", "grid") and file.space.is_conditional:
        some = names(path for path, parameter in parameters.items() if parameter.when)
        yield ConfigProblem(
            place, f"{name} knows no parameters that only some trials have ({some}); take tpe or random"
        )
    if name == "cmaes":
        if choices := [path for path, parameter in parameters.items() if isinstance(parameter, Choices)]:
            yield ConfigProblem(place, f"cmaes knows numbers alone, and {names(choices)} is a choice; take tpe")
        if sum(isinstance(parameter, Range) for parameter in parameters.values()) < 2:
            yield ConfigProblem(place, "cmaes needs two parameters that are numbers; take tpe")
        if file.pruner.name != "none" and len(file.objectives) == 1:
            yield ConfigProblem(
                place, "cmaes learns nothing from a pruned trial; set pruner: {name: none}, or take tpe"
            )
    if name == "grid":
        if endless := [path for path, parameter in parameters.items() if parameter.values is None]:
            yield ConfigProblem(
                place, f"a grid needs an end: give {names(endless)} a step or choices, or take qmc"
            )
        if file.initial_trials:
            yield ConfigProblem(
                ("initial_trials",), "a grid tries every combination once, these too; leave `initial_trials` out"
            )


def _first(file: SearchFile) -> Iterator[ConfigProblem]:
    """First trials that the space does not have."""
    for i, values in enumerate(file.initial_trials):
        if values in file.initial_trials[:i]:
            yield ConfigProblem(
                ("initial_trials", i),
                f"it is the same as initial_trials.{file.initial_trials.index(values)}; leave it out",
            )
        for path, value in values.items():
            place = ("initial_trials", i, path)
            if path not in file.space.parameters:
                yield ConfigProblem(
                    place, _unknown(path, file) if path not in file.fixed else "it is fixed; leave it out"
                )
            elif not file.space.parameters[path].takes(value):
                yield ConfigProblem(
                    place, f"{as_json(value)} is none of its values: {file.space.parameters[path]}"
                )
            elif not file.space.parameters[path].is_active(values):
                yield ConfigProblem(
                    place, f"it exists only where {_where(file.space, path, file.method)}; leave it out"
                )
        for path in file.space.order:
            if path not in values and file.space.parameters[path].is_active(values):
                rule = f"{short_path(path, file.method)} has no value; give one of: {file.space.parameters[path]}"
                yield ConfigProblem(("initial_trials", i), rule)


def _where(space: Space, path: str, method: str) -> str:
    return " and ".join(
        f"{short_path(parent, method)} is {' or '.join(map(as_json, allowed))}"
        for parent, allowed in space.parameters[path].when.items()
    )
