"""What is searched: parameters by the path of the setting that each is, some of which exist only beside others."""

import math
from collections.abc import Callable, Mapping
from functools import cached_property
from graphlib import TopologicalSorter
from typing import Any

import optuna
from pydantic import ConfigDict, RootModel

from facealign.search.parameter import Choices, Label, Parameter, Range

Assignments = dict[str, Any]
"""Dotted path of params.yaml → plain value. Where one lies inside another, the longer one has the last word."""


class Space(RootModel[dict[str, Parameter]]):
    """Searched parameters by full path of params.yaml: ``method.awing.model.loss.params.alpha``."""

    model_config = ConfigDict(frozen=True)

    @property
    def parameters(self) -> dict[str, Range | Choices]:
        """Each by its path."""
        return self.root

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The paths in the order of their suggestion, whatever their order in the file.

        A parameter comes after those that it depends on; else the names decide.

        Raises:
            graphlib.CycleError: Two parameters depend on each other.
        """
        sorter = TopologicalSorter({path: parameter.when for path, parameter in self.root.items()})
        sorter.prepare()
        found: list[str] = []
        while sorter.is_active():
            ready = sorted(sorter.get_ready())
            found += ready
            sorter.done(*ready)
        return tuple(found)

    def suggest(self, trial: optuna.Trial) -> Assignments:
        """The trial's value of each parameter that exists in it, and of no other."""
        return self.filled(lambda path, parameter: parameter.suggest(trial, path))

    def filled(self, value_of: Callable[[str, Range | Choices], Any]) -> Assignments:
        """A value for each parameter that exists beside those chosen before it."""
        values: Assignments = {}
        for path in self.order:
            if self.root[path].is_active(values):
                values[path] = value_of(path, self.root[path])
        return values

    def needs(self, path: str) -> Assignments | None:
        """Values that others must have for a parameter to exist; None where it can never exist.

        Where several would do, it is the first one that the conditions list.
        """
        allowed: dict[str, list[Any]] = {}
        waiting = [path]
        while waiting:
            for parent, values in self.root[waiting.pop()].when.items():
                allowed[parent] = [value for value in allowed.get(parent, values) if value in values]
                waiting.append(parent)
        if not all(allowed.values()):
            return None
        return {parent: values[0] for parent, values in allowed.items()}

    def labels(self, values: Mapping[str, Any]) -> dict[str, Label]:
        """Values as ``study.enqueue_trial`` takes them."""
        return {path: self.root[path].label(value) for path, value in values.items()}

    def values(self, params: Mapping[str, Label]) -> Assignments:
        """The ``params`` of a trial, as ``suggest`` gave them."""
        return {path: self.root[path].value(params[path]) for path in self.order if path in params}

    @property
    def is_conditional(self) -> bool:
        """Whether a parameter is missing from some trials."""
        return any(parameter.when for parameter in self.root.values())

    @property
    def grid(self) -> dict[str, list[Label]] | None:
        """Every value of every parameter, as a study holds it; None where there are infinitely many."""
        found = {path: parameter.values for path, parameter in self.root.items()}
        if any(values is None for values in found.values()):
            return None
        return {path: [self.root[path].label(one) for one in values or ()] for path, values in found.items()}

    @property
    def size(self) -> int | None:
        """Points of the grid; None where there are infinitely many."""
        grid = self.grid
        return None if grid is None else math.prod(map(len, grid.values()))
