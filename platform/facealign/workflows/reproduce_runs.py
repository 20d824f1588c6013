"""Runs the trainings of a table: as a study on the cluster, or one after the other in this process."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any, Literal, Protocol, Self

from pydantic import ValidationError

from facealign import tracking
from facealign.config import ConfigProblem, UserError, check_settings, read_yaml
from facealign.config.load import broken_rules, report, typed
from facealign.evaluation.papers.grid import ELLIPSES, Grid
from facealign.evaluation.papers.table import PaperTable
from facealign.evaluation.papers.table_metrics import Measure
from facealign.training import TrainJob
from facealign.training.checkpoint_manager import CheckpointManager
from facealign.training.plain import train_plain
from facealign.workflows import workspace
from facealign.workflows.settings import Params, assign, overlay, put, resolve_storage
from facealign.workflows.training_outputs import shown, stop_on_signal
from facealign.workflows.workspace import read_json, write_json

# The settings that the rows of a paper's table start from.


Preset = Literal["small", "paper"]
RECIPES = Path("recipes")


class TableSettings:
    """A params file, with the paper's recipe over it where that preset is asked for, and other values put in.

    Args:
        table: Its method's settings count.
        params: The params file.
        preset: ``small`` takes it as it is; ``paper`` puts the method's recipe over it.
        assignments: ``key=value`` of the params file, which go before both.
        epochs: Of each training; the milestones of a schedule move along. None: as the settings have it.

    Raises:
        ConfigError: What comes of it breaks a rule.
        UserError: An assignment is not of that form.
    """

    def __init__(
        self,
        table: PaperTable,
        params: Path,
        preset: Preset = "small",
        assignments: Sequence[str] = (),
        epochs: int | None = None,
    ) -> None:
        self._table = table
        tree = read_yaml(params)
        check_settings(tree, params, Params)  # by itself, so that a mistake in it is reported with its line
        if preset == "paper":
            list(overlay(tree, read_yaml(RECIPES / f"{table.method}.yaml")))
        assign(tree, assignments)
        self.base = check_settings(tree, params, Params)
        self._text = json.dumps(tree, default=str)
        if epochs is not None:
            self._shorten(epochs)

    def params(self, settings: Mapping[str, Any]) -> Params:
        """The settings of one training.

        Raises:
            UserError: They break a rule; the message lists each.
        """
        try:
            return typed(put(json.loads(self._text), settings), Params)
        except ValidationError as error:
            rules = (f"{problem.key}: {problem.rule}" for problem in broken_rules(error, Params))
            raise UserError("; ".join(rules)) from None

    def require(self, path: Path, landmarks: int) -> None:
        """Check the settings of every row.

        Args:
            path: The table's file, for messages.
            landmarks: How many the faces have.

        Raises:
            ConfigError: Every rule that a row breaks, with its line.
        """
        problems = list(self._problems(landmarks))
        if problems:
            raise report(read_yaml(path), path, problems)

    def _problems(self, landmarks: int) -> Iterator[ConfigProblem]:
        for number, row in enumerate(self._table.rows):
            if row.set is None:
                continue
            settings = self._table.settings(row)
            if row.ellipses_of is not None:  # which are not measured yet
                settings[f"method.{self._table.method}.{ELLIPSES}"] = [[2.0, 1.0]] * landmarks
            try:
                self.params(settings)
            except UserError as error:
                yield ConfigProblem(("rows", number, "set"), f"{row.label}: {error}")

    def _shorten(self, epochs: int) -> None:
        train = self.base.section(self._table.method).train
        section = f"method.{self._table.method}.train"
        milestones = [milestone * epochs / train.epochs for milestone in train.schedule.milestones]
        changes = {f"{section}.epochs": epochs, f"{section}.schedule.milestones": milestones}
        self.base = self.params(changes)
        self._text = json.dumps(put(json.loads(self._text), changes))


Outcome = dict[str, float] | str
"""The metrics of a training, or why it failed."""


_PLAIN = "plain"


def has_begun(folder: Path) -> bool:
    """Whether an earlier start left something in a table's folder."""
    from facealign.search.storage import JOURNAL

    return (folder / _PLAIN).exists() or (folder / JOURNAL).exists()


class Runs(AbstractContextManager["Runs"], Protocol):
    """Runs the trainings of a table: in this process or on the cluster."""

    def run(self, trainings: Grid, title: str, measure: Measure) -> list[list[Outcome]]:
        """Train and measure what is not there yet; for each settings of the grid, the outcome of each seed."""

    def publish(self, files: Sequence[Path]) -> None:
        """Keep files with the record of the runs."""


class PlainRuns(Runs):
    """Runs one training after the other in this process, without Ray and MLflow.

    Args:
        settings: What the rows change.
        method: Its name.
        folder: For checkpoints of running trainings, and each finished training's metrics.
        seeds: Of each settings.
        digest: Of the shards.
        device: As PyTorch names it; None: the first GPU if there is one.
    """

    def __init__(
        self,
        settings: TableSettings,
        method: str,
        folder: Path,
        seeds: tuple[int, ...],
        digest: str,
        device: str | None = None,
    ) -> None:
        self._settings, self._method, self._folder = settings, method, folder
        self._seeds, self._digest, self._device = seeds, digest, device

    def __exit__(self, *_: object) -> None:
        """Do nothing: no resource is open."""

    def run(self, trainings: Grid, title: str, measure: Measure) -> list[list[Outcome]]:
        """See ``Runs``."""
        count, found = len(trainings.settings) * len(self._seeds), []
        for number, settings in enumerate(trainings.settings):
            labels = ", ".join(label for label, place in trainings.places.items() if place == number)
            outcomes = []
            for place, seed in enumerate(self._seeds):
                print(
                    f"{title} {number * len(self._seeds) + place + 1}/{count}: {labels}, seed {seed}", flush=True
                )
                outcomes.append(self._outcome(settings | {"seed": seed}, measure))
            found.append(outcomes)
        return found

    def publish(self, files: Sequence[Path]) -> None:
        """Nowhere."""

    def _outcome(self, settings: Mapping[str, Any], measure: Measure) -> Outcome:
        job = self._settings.params(settings).job(self._method, workspace.SHARDS, self._digest)
        metrics = self._folder / _PLAIN / f"{job.name}.json"
        if metrics.is_file():
            return read_json(metrics)
        try:
            outcome = self._train(job, measure)
        except UserError as error:
            return str(error)
        write_json(metrics, outcome)
        return outcome

    def _train(self, job: TrainJob, measure: Measure) -> dict[str, float]:
        kept = CheckpointManager(self._folder / _PLAIN / job.name)
        with stop_on_signal(), shown(job, kept.last is not None) as show:
            progress = train_plain(job, kept.folder, self._device, show)
        assert kept.best is not None, "a finished training has measured its last epoch"
        metrics = measure(kept.best, job, progress)
        kept.delete_checkpoints()
        return metrics


class ClusterRuns(Runs):
    """A study on the cluster, which remembers each training's metrics; its runs in MLflow lie below one.

    Args:
        settings: What the rows change.
        method: Its name.
        folder: Of the study.
        seeds: Of each settings.
        digest: Of the shards.
        base: All else that the metrics depend on.
    """

    def __init__(
        self,
        settings: TableSettings,
        method: str,
        folder: Path,
        seeds: tuple[int, ...],
        digest: str,
        base: dict[str, Any],
    ) -> None:
        self._settings, self._method, self._folder = settings, method, folder
        self._seeds, self._digest, self._base = seeds, digest, base
        self._params = resolve_storage(settings.base)
        self._stack = ExitStack()
        self._record: tracking.Run | None = None

    def __enter__(self) -> Self:
        from facealign.cluster.search.run import search_session

        folder = workspace.address(str(self._folder.resolve()))
        self._session = self._stack.enter_context(
            search_session(folder, self._params.cluster, workspace.SPOOL, self._show)
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._stack.close()
        tracking.end_run(self._record, "FINISHED" if kind is None else "KILLED", workspace.SPOOL)

    def run(self, trainings: Grid, title: str, measure: Measure) -> list[list[Outcome]]:
        """See ``Runs``."""
        from facealign.cluster.search.run import Interrupted
        from facealign.cluster.search.task import TrackedSearch
        from facealign.search.plan import FixedPlan
        from facealign.search.storage import open_storage
        from facealign.search.study import SearchStudy
        from facealign.search.trial_row import trial_metrics

        plan = FixedPlan(title=title, rows=trainings.settings, seeds=self._seeds, base=self._base)
        study = SearchStudy(plan, open_storage(None, self._folder, alone=True), again=True)
        tracked = TrackedSearch(self._params.tracking, self._params.registered_name, plan.name)
        record = tracked.open(workspace.SPOOL)
        self._record = self._record or record
        labels = {row: label for label, row in reversed(trainings.places.items())}
        numbers = [one.number for one in study.queued()]
        self._names = {
            numbers[place]: f"{label}, seed {seed}"
            for row, label in labels.items()
            for place, seed in zip(plan.places(row), self._seeds, strict=True)
        }
        try:
            self._session.run(study, self._job, tracked=tracked, measure=measure)
        except Interrupted as error:
            print(f"{error}; go on by --continue", file=sys.stderr)
            raise SystemExit(error.exit_status) from None
        causes = dict(study.causes())
        return [
            [
                causes.get(numbers[place]) or trial_metrics(study.optuna, numbers[place])
                for place in plan.places(row)
            ]
            for row in range(len(trainings.settings))
        ]

    def publish(self, files: Sequence[Path]) -> None:
        """Upload files to the parent run of the trainings."""
        tracker = tracking.tracker_for(self._record, workspace.SPOOL)
        for file in files:
            tracker.artifact(file)
        tracker.close()

    def _job(self, settings: Mapping[str, Any]) -> TrainJob:
        return self._settings.params(settings).job(self._method, workspace.SHARDS, self._digest)

    def _show(self, event: Mapping[str, Any]) -> None:
        match event:
            case {"kind": "search", "name": name, "trials": trials, "ended": ended}:
                print(f"{name}: {trials} trainings, {ended['COMPLETE']} of them done", flush=True)
            case {"kind": "trial_started", "number": number, "epochs": epochs}:
                print(f"{self._names[number]}: {epochs} epochs", flush=True)
            case {"kind": "trial_epoch", "number": number, "epoch": epoch, "nme": nme} if nme is not None:
                print(f"{self._names[number]}: epoch {epoch}, validation NME {nme:.2%}", flush=True)
            case {"kind": "trial_ended", "number": number, "state": state, "cause": cause}:
                print(f"{self._names[number]}: {state.lower()}{f': {cause}' if cause else ''}", flush=True)
            case {"kind": "note", "text": text}:
                print(text, flush=True)
