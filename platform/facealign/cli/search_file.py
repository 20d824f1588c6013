"""A search file beside all that its trials depend on."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydantic import ValidationError

from facealign.cli import home
from facealign.cli.baseline import ParamsBaseline
from facealign.cli.lasting import settled
from facealign.cli.params import Params
from facealign.cli.paths import SHARDS, Searched, searched
from facealign.config import UserError
from facealign.config.load import broken_rules
from facealign.data.shards.index import Index
from facealign.search.file import SearchFile
from facealign.search.reading import load_search
from facealign.search.searched import SearchPlan
from facealign.search.space import Assignments
from facealign.training import TrainJob


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
        """Where it leaves what it finds."""
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
        """Its trials."""
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
    if file.storage is None and home.is_bucket():
        raise UserError(
            f"{home.HOME_VARIABLE} is {home.named()}, a bucket, and a study's journal needs a folder. "
            f"Let the home be a folder that every node mounts, or put into {path} "
            "`storage: postgresql://user@host/name`"
        )
    return Search(path, file, params, changes, baseline, settled(baseline.params({})), Index.load(SHARDS))
