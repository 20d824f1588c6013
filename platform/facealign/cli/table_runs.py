"""How the trainings of a table are run: as a study on the cluster, or one after the other in this process."""

import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any, Protocol, Self

from facealign import tracking
from facealign.cli import home, paths
from facealign.cli.json_file import read_json, write_json
from facealign.cli.lasting import settled
from facealign.cli.table_settings import TableSettings
from facealign.cli.training import shown, told_to_stop
from facealign.config import UserError
from facealign.papers.figures import Measure
from facealign.papers.grid import Grid
from facealign.training import TrainJob
from facealign.training.kept import KeptCheckpoints
from facealign.training.plain import train_plain

Outcome = dict[str, float] | str
"""The figures of a training, or why it failed."""


_PLAIN = "plain"


def has_begun(folder: Path) -> bool:
    """Whether an earlier start left something in a table's folder."""
    from facealign.search.storage import JOURNAL

    return (folder / _PLAIN).exists() or (folder / JOURNAL).exists()


class Runs(AbstractContextManager["Runs"], Protocol):
    """Where trainings happen."""

    def run(self, trainings: Grid, title: str, measure: Measure) -> list[list[Outcome]]:
        """Train and measure what is not there yet; for each settings of the grid, the outcome of each seed."""

    def publish(self, files: Sequence[Path]) -> None:
        """Keep files with the record of the runs."""


class PlainRuns(Runs):
    """One training after the other in this process, without Ray and MLflow.

    Args:
        settings: What the rows change.
        method: Its name.
        folder: For checkpoints under way, and each finished training's figures.
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
        """Nothing is open."""

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
        job = self._settings.params(settings).job(self._method, paths.SHARDS, self._digest)
        figures = self._folder / _PLAIN / f"{job.name}.json"
        if figures.is_file():
            return read_json(figures)
        try:
            outcome = self._train(job, measure)
        except UserError as error:
            return str(error)
        write_json(figures, outcome)
        return outcome

    def _train(self, job: TrainJob, measure: Measure) -> dict[str, float]:
        kept = KeptCheckpoints(self._folder / _PLAIN / job.name)
        with told_to_stop(), shown(job, kept.last is not None) as show:
            progress = train_plain(job, kept.folder, self._device, show)
        assert kept.best is not None, "a finished training has measured its last epoch"
        figures = measure(kept.best, job, progress)
        kept.forget()
        return figures


class ClusterRuns(Runs):
    """A study on the cluster, which remembers each training's figures; its runs in MLflow lie below one.

    Args:
        settings: What the rows change.
        method: Its name.
        folder: Of the study.
        seeds: Of each settings.
        digest: Of the shards.
        base: All else that the figures depend on.
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
        self._params = settled(settings.base)
        self._stack = ExitStack()
        self._record: tracking.Run | None = None

    def __enter__(self) -> Self:
        from facealign.cluster.search.run import searching

        folder = home.address(str(self._folder.resolve()))
        self._searching = self._stack.enter_context(
            searching(folder, self._params.cluster, paths.SPOOL, self._show)
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._stack.close()
        tracking.end_run(self._record, "FINISHED" if kind is None else "KILLED", paths.SPOOL)

    def run(self, trainings: Grid, title: str, measure: Measure) -> list[list[Outcome]]:
        """See ``Runs``."""
        from facealign.cluster.search.run import Interrupted
        from facealign.cluster.search.tracked import TrackedSearch
        from facealign.search.fixed import FixedPlan
        from facealign.search.outcome import figures_of
        from facealign.search.storage import open_storage
        from facealign.search.study import SearchStudy

        plan = FixedPlan(title=title, rows=trainings.settings, seeds=self._seeds, base=self._base)
        study = SearchStudy(plan, open_storage(None, self._folder, alone=True), again=True)
        tracked = TrackedSearch(self._params.tracking, self._params.registered_name, plan.name)
        record = tracked.open(paths.SPOOL)
        self._record = self._record or record
        labels = {row: label for label, row in reversed(trainings.places.items())}
        numbers = [one.number for one in study.queued()]
        self._names = {
            numbers[place]: f"{label}, seed {seed}"
            for row, label in labels.items()
            for place, seed in zip(plan.places(row), self._seeds, strict=True)
        }
        try:
            self._searching.run(study, self._job, tracked=tracked, measure=measure)
        except Interrupted as error:
            print(f"{error}; go on by --continue", file=sys.stderr)
            raise SystemExit(error.exit_status) from None
        causes = dict(study.causes())
        return [
            [causes.get(numbers[place]) or figures_of(study.optuna, numbers[place]) for place in plan.places(row)]
            for row in range(len(trainings.settings))
        ]

    def publish(self, files: Sequence[Path]) -> None:
        """To the artifacts of the run that the trainings' runs lie below."""
        tracker = tracking.tracker_for(self._record, paths.SPOOL)
        for file in files:
            tracker.artifact(file)
        tracker.close()

    def _job(self, settings: Mapping[str, Any]) -> TrainJob:
        return self._settings.params(settings).job(self._method, paths.SHARDS, self._digest)

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
