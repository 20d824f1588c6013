"""Values that a search would try, put into params.yaml: what its own rules say of them."""

import random
from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import Any

from facealign.config import Problem
from facealign.search.baseline import Baseline
from facealign.search.file import SearchFile
from facealign.search.parameter import Choices, Range, as_json
from facealign.search.paths import short_path
from facealign.search.space import Assignments

Chooser = Callable[[str, Range | Choices], Any]
"""Path and parameter → a value of it."""

_DRAWS = 64
"""Random trials that are put together and checked."""


def fixed_problems(file: SearchFile, baseline: Baseline) -> list[Problem]:
    """Settings under ``fixed`` that break rules, alone or together."""
    found = []
    for problem in baseline.problems(file.fixed):
        path = _nearest(problem.location, list(file.fixed))
        place = ("fixed", path) if path else ("fixed",)
        found.append(Problem(place, _words(problem, path, file.method)))
    return found


def parameter_problems(file: SearchFile, baseline: Baseline, path: str) -> list[Problem]:
    """Ends and choices of one parameter that no trial could have.

    A value is tried beside as little as possible, and, should that not do, as part of whole trials: what one of
    them can have is no mistake of this parameter.
    """
    parameter = file.space.parameters[path]
    found: dict[tuple[str | int, ...], list[Problem]] = {}
    for tail, value in parameter.probes:
        beside = {**file.fixed, **(file.space.needs(path) or {}), path: value}
        problems = baseline.problems(beside)
        if problems and all(baseline.problems(trial) for trial in _trials_with(file, path, value)):
            found[tail] = [Problem(("space", path), _words(problem, path, file.method)) for problem in problems]
    if len(found) == len(parameter.probes) and len({tuple(problems) for problems in found.values()}) == 1:
        # It is the parameter, whatever its value.
        return next(iter(found.values()))
    each = [(tail, problem.rule) for tail, problems in found.items() for problem in problems]
    return [Problem(("space", path, *tail), rule) for tail, rule in each]


def together_problems(file: SearchFile, baseline: Baseline) -> list[Problem]:
    """Values that are each allowed, but not together: of the first trials, else the first found by chance."""
    for i, values in enumerate(file.first):
        if problems := baseline.problems({**file.fixed, **values}):
            return [Problem(("first", i), _words(problem, "", file.method)) for problem in problems]
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


def _clash(file: SearchFile, baseline: Baseline, values: Assignments, problem: Problem) -> Problem:
    """The problem of a whole trial, with those of its values alone that it needs."""
    few = dict(values)
    for path in values:
        rest = {other: value for other, value in few.items() if other != path}
        if baseline.problems({**file.fixed, **rest}):
            few = rest
    named = ", ".join(f"{short_path(path, file.method)}: {as_json(value)}" for path, value in few.items())
    words = _words(problem, "", file.method)
    return Problem(("space",), f"{{{named}}} may come together, but {words}; narrow one, or use `when`")


def _nearest(location: Sequence[str | int], paths: Sequence[str]) -> str:
    """The path that has most in common with a location; empty: nothing."""

    def common(path: str) -> int:
        pairs = zip(path.split("."), map(str, location), strict=False)
        return len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))

    return max(paths, key=common, default="")


def _words(problem: Problem, path: str, method: str) -> str:
    """The rule, with the key that it is about where that is another one than ``path``."""
    return problem.rule if problem.key == path else f"{short_path(problem.key, method)}: {problem.rule}"
