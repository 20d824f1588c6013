"""A search file beside all that its trials depend on."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from facealign.config import ConfigProblem, UserError, read_yaml
from facealign.config.load import broken_rules, typed
from facealign.data.shards.index import Index
from facealign.search.file import SearchFile
from facealign.search.load import load_search
from facealign.search.plan import SearchPlan
from facealign.search.space import Assignments
from facealign.training import TrainJob
from facealign.workflows import workspace
from facealign.workflows.settings import Params, assign, load_params, put, resolve_storage
from facealign.workflows.workspace import SHARDS, Searched, searched

# params.yaml as what a search starts from.


class ParamsBaseline:
    """A params file as the baseline of a search: its settings with other values put in.

    Args:
        path: The file.
        changes: ``key=value`` that go before what it says.

    Raises:
        ConfigError: It breaks rules itself.
    """

    def __init__(self, path: Path, changes: Sequence[str] = ()) -> None:
        load_params(path, changes)
        self._text = json.dumps(assign(read_yaml(path), changes), default=str)

    def params(self, assignments: dict[str, Any]) -> Params:
        """The settings of one trial, with values by dotted path put into the file's.

        Raises:
            ValidationError: They break a rule.
            UserError: A path leads through a value.
        """
        return typed(put(json.loads(self._text), assignments), Params)

    def problems(self, assignments: dict[str, Any]) -> list[ConfigProblem]:
        """See ``facealign.search.file.Baseline``."""
        try:
            self.params(assignments)
        except ValidationError as error:
            return broken_rules(error, Params)
        except UserError as error:
            return [ConfigProblem((), str(error))]
        return []

    def value(self, path: str, assignments: dict[str, Any]) -> Any:
        """See ``facealign.search.file.Baseline``."""
        found: Any = self.params(assignments)
        for part in path.split("."):
            if not hasattr(found, part):
                raise KeyError(path)
            found = getattr(found, part)
        return found


@dataclass(frozen=True)
class Search:
    """A search file, the settings that it starts from, and the faces.

    Attributes:
        path: The file.
        started_from: The params file.
        changes: ``key=value`` that go before what it says.
    """

    path: Path
    file: SearchFile
    started_from: Path
    changes: list[str]
    baseline: ParamsBaseline
    params: Params
    index: Index

    @property
    def places(self) -> Searched:
        """The paths of the search's outputs."""
        return searched(self.file.name)

    def job(self, settings: Assignments) -> TrainJob:
        """The training of a trial.

        Raises:
            UserError: Its settings do not go together.
        """
        try:
            params = self.baseline.params(settings)
        except ValidationError as error:
            rules = "; ".join(f"{problem.key}: {problem.rule}" for problem in broken_rules(error, Params))
            raise UserError(f"its settings do not go together: {rules}") from None
        return params.job(self.file.method, SHARDS, self.index.digest)

    @cached_property
    def plan(self) -> SearchPlan:
        """The plan of the search's trials."""
        base = self.job({}).determinants
        if "failure_rate" in self.file.objectives:
            base["failure_threshold"] = self.params.evaluation.failure_threshold
        searched_epochs = self.file.space.parameters.get(f"method.{self.file.method}.train.epochs")
        if searched_epochs is None:
            epochs = self.job(self.file.fixed).train.epochs
        else:
            epochs = max(value for _, value in searched_epochs.probes)
        return SearchPlan(self.file, base, epochs)


def read_search(path: Path, params: Path, changes: list[str]) -> Search:
    """Read and check a search file, its params file, and the faces' index.

    Raises:
        ConfigError: Everything that is wrong with a file, with lines.
        UserError: There are no faces, or no place that lasts for the study.
    """
    baseline = ParamsBaseline(params, changes)
    file = load_search(path, baseline)
    if file.storage is None and workspace.is_bucket():
        raise UserError(
            f"{workspace.HOME_VARIABLE} is {workspace.named()}, a bucket, and a study's journal needs a folder. "
            f"Let the home be a folder that every node mounts, or put into {path} "
            "`storage: postgresql://user@host/name`"
        )
    return Search(path, file, params, changes, baseline, resolve_storage(baseline.params({})), Index.load(SHARDS))
