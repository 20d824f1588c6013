"""The search space: parameters by the path of their setting; some are conditional on others."""

import copy
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from graphlib import TopologicalSorter
from typing import Annotated, Any, TypeVar

import optuna
from pydantic import (
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    RootModel,
    Tag,
    field_validator,
    model_validator,
)

from facealign.config import Settings

# Paths of settings as a search file may write them, and in full.


T = TypeVar("T")
ListOf = Annotated[
    tuple[T, ...], BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value)
]
"""A list. What has been given full paths is no longer JSON, whose lists a strict tuple would accept."""

OF_THE_METHOD = ("model", "train")
"""Sections that every method has; a path that begins with one of them belongs to the method that is searched."""


def full_path(path: str, method: str) -> str:
    """``model.network.stacks`` → ``method.awing.model.network.stacks``; a full path stays."""
    return f"method.{method}.{path}" if path.split(".")[0] in OF_THE_METHOD else path


def short_path(path: str, method: str) -> str:
    """The other way."""
    return path.removeprefix(f"method.{method}.")


def full_paths(tree: Any) -> Any:
    """A search file's nested mappings with full paths; what is not as it should be stays, for others to refuse.

    Raises:
        ValueError: A path is there twice, in full and short.
    """
    if not isinstance(tree, dict) or not isinstance(method := tree.get("method"), str):
        return tree
    found = dict(tree)
    for key in ("space", "fixed"):
        if key in found:
            found[key] = _renamed(found[key], method)
    if isinstance(found.get("space"), dict):
        found["space"] = {path: _conditions(parameter, method) for path, parameter in found["space"].items()}
    if isinstance(found.get("initial_trials"), list | tuple):
        found["initial_trials"] = [_renamed(values, method) for values in found["initial_trials"]]
    return found


def _conditions(parameter: Any, method: str) -> Any:
    if isinstance(parameter, dict) and "when" in parameter:
        return {**parameter, "when": _renamed(parameter["when"], method)}
    return parameter


def _renamed(values: Any, method: str) -> Any:
    if not isinstance(values, dict):
        return values
    found = {full_path(str(path), method): value for path, value in values.items()}
    if len(found) < len(values):
        twice = next(path for path in found if path in values and short_path(path, method) in values)
        raise ValueError(f"{twice} is there twice, in full and without method.{method}; write it once")
    return found


# The kinds of searched parameter: a range of numbers, and a list of choices.


Label = bool | int | float | str | None
"""Values that Optuna and its storages can hold."""

Probe = tuple[tuple[str | int, ...], Any]
"""Where in a parameter a value stands, and the value: if all of a parameter's are allowed, so is every other."""


class _Conditional(Settings):
    """A parameter that may be there only where others have certain values."""

    when: dict[str, tuple[Any, ...]] = Field(
        default_factory=dict,
        description="it exists only where each of these parameters has the value given, or one of those listed",
    )

    @field_validator("when", mode="before")
    @classmethod
    def _any_of(cls, conditions: Any) -> Any:
        if not isinstance(conditions, dict):
            return conditions
        return {path: tuple(one) if isinstance(one, list | tuple) else (one,) for path, one in conditions.items()}

    def is_active(self, values: Mapping[str, Any]) -> bool:
        """Whether it exists beside ``values``, which have those of all parameters that it depends on."""
        return all(path in values and values[path] in allowed for path, allowed in self.when.items())


class Range(_Conditional):
    """Numbers from ``low`` to ``high``, both included."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    low: float = Field(allow_inf_nan=False)
    high: float = Field(allow_inf_nan=False)
    is_whole: bool = Field(default=False, alias="int", description="whole numbers alone")
    step: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="between two values, from low on; null: any value",
    )
    log: bool = Field(default=False, description="every factor counts the same, as for learning rates")

    @model_validator(mode="after")
    def _fitting(self) -> "Range":
        rules = list(self._broken_rules())
        if rules:
            raise ValueError("; ".join(rules))
        return self

    def _broken_rules(self) -> Iterator[str]:
        low, high, step = self.low, self.high, self.step
        if low >= high:
            yield f"low {low:g} is not below high {high:g}; what has one value belongs under `fixed`"
        if self.log and low <= 0:
            yield f"log needs a low above 0 (found {low:g}); raise it, or leave `log` out"
        if self.log and step is not None:
            yield "log and step exclude each other; leave one out"
        if self.is_whole and any(number is not None and number % 1 for number in (low, high, step)):
            yield f"int needs whole low, high and step (found {low:g}, {high:g}, {1 if step is None else step:g})"
        if step is not None and low < high and (rest := (_exact(high) - _exact(low)) % _exact(step)):
            yield f"step {step:g} does not lead from low {low:g} to high {high:g}; set high: {_exact(high) - rest}"

    @property
    def values(self) -> Sequence[float] | None:
        """All numbers of the range in order; None where it is continuous."""
        if self.is_whole:
            return range(int(self.low), int(self.high) + 1, int(self.step or 1))
        if self.step is None:
            return None
        low, step = _exact(self.low), _exact(self.step)
        return tuple(float(low + i * step) for i in range(int((_exact(self.high) - low) / step) + 1))

    @property
    def probes(self) -> tuple[Probe, ...]:
        """Values to check: both ends of the range."""
        kind = int if self.is_whole else float
        return (("low",), kind(self.low)), (("high",), kind(self.high))

    def takes(self, value: Any) -> bool:
        """Whether it may have ``value``."""
        if isinstance(value, bool) or not isinstance(value, int if self.is_whole else int | float):
            return False
        if not self.low <= value <= self.high:
            return False
        return self.values is None or any(math.isclose(value, own, abs_tol=1e-12) for own in self.values)

    def suggest(self, trial: optuna.Trial, path: str) -> float:
        """The trial's number."""
        if self.is_whole:
            step = int(self.step or 1)
            return int(trial.suggest_int(path, int(self.low), int(self.high), log=self.log, step=step))
        return float(trial.suggest_float(path, self.low, self.high, log=self.log, step=self.step))

    def label(self, value: Any) -> Label:
        """A number as a study holds it."""
        return int(value) if self.is_whole else float(value)

    def value(self, label: Label) -> Any:
        """What a study holds, as it was suggested."""
        return label

    def __str__(self) -> str:
        kind = "whole numbers" if self.is_whole else "numbers"
        steps = "" if self.step is None else f" in steps of {self.step:g}"
        return f"{kind} from {self.low:g} to {self.high:g}{steps}"


class Choices(_Conditional):
    """A categorical parameter: names, numbers, or whole sections and lists of settings."""

    choices: ListOf[Any] = Field(min_length=1)

    @model_validator(mode="after")
    def _different(self) -> "Choices":
        twice = [choice for i, choice in enumerate(self.choices) if _label(choice) in self.labels[:i]]
        if twice:
            raise ValueError(f"choice {as_json(twice[0])} is there twice; give each once")
        if len(self.choices) == 1 and not self.when:
            raise ValueError(
                f"{as_json(self.choices[0])} is the only choice; what has one value belongs under `fixed`"
            )
        return self

    @property
    def labels(self) -> tuple[Label, ...]:
        """The choices as a study holds them: sections and lists as JSON."""
        return tuple(map(_label, self.choices))

    @property
    def values(self) -> Sequence[Any]:
        """The choices."""
        return self.choices

    @property
    def probes(self) -> tuple[Probe, ...]:
        """Values to check: all choices."""
        return tuple((("choices", i), choice) for i, choice in enumerate(self.choices))

    def takes(self, value: Any) -> bool:
        """Whether it may have ``value``."""
        return any(value == one and isinstance(value, bool) == isinstance(one, bool) for one in self.choices)

    def suggest(self, trial: optuna.Trial, path: str) -> Any:
        """The trial's choice."""
        return self.value(trial.suggest_categorical(path, self.labels))

    def label(self, value: Any) -> Label:
        """A choice as a study holds it."""
        return _label(value)

    def value(self, label: Label) -> Any:
        """What a study holds, as it stands in the file."""
        return copy.deepcopy(self.choices[self.labels.index(label)])

    def __str__(self) -> str:
        return ", ".join(map(as_json, self.choices))


def _kind(value: Any) -> str | None:
    if isinstance(value, Choices | Range):
        return "choice" if isinstance(value, Choices) else "range"
    if not isinstance(value, dict):
        return None
    return "choice" if "choices" in value else "range"


Parameter = Annotated[
    Annotated[Range, Tag("range")] | Annotated[Choices, Tag("choice")],
    Discriminator(
        _kind,
        custom_error_type="parameter",
        custom_error_message="write {low: …, high: …} or {choices: […, …]}",
    ),
]
"""A searched parameter; a mapping with ``choices`` is categorical, any other a range."""

TAGS = ("range", "choice")
"""Names by which pydantic's errors locate the two kinds."""


def as_json(value: Any) -> str:
    """A value as one line of YAML could have it."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _label(value: Any) -> Label:
    return value if isinstance(value, Label) else as_json(value)


def _exact(number: float) -> Decimal:
    """Return a number as it is written: steps of 0.1 are not those of the nearest binary number."""
    return Decimal(str(number))


Assignments = dict[str, Any]
"""Dotted path of params.yaml → plain value. Where one lies inside another, the longer one has the last word."""


class Space(RootModel[dict[str, Parameter]]):
    """Searched parameters by full path of params.yaml: ``method.awing.model.loss.params.alpha``."""

    model_config = ConfigDict(frozen=True)

    @property
    def parameters(self) -> dict[str, Range | Choices]:
        """The parameters by path."""
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
        """Every value of every parameter, as a study stores it; None where there are infinitely many."""
        found = {path: parameter.values for path, parameter in self.root.items()}
        if any(values is None for values in found.values()):
            return None
        return {path: [self.root[path].label(one) for one in values or ()] for path, values in found.items()}

    @property
    def size(self) -> int | None:
        """Points of the grid; None where there are infinitely many."""
        grid = self.grid
        return None if grid is None else math.prod(map(len, grid.values()))
