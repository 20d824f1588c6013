"""Messages between the driver of a search and its trials: tasks and reports."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypedDict

from ray.train import ScalingConfig

from facealign import tracking
from facealign.cluster.config import ClusterConfig
from facealign.storage import uris
from facealign.tracking import Run, TrackingSettings
from facealign.training import TrainJob
from facealign.training.progress import Progress

# The runs of a search in MLflow: one for the search, and one below it for each trial.


STATE = "state"
_STATUS = {"COMPLETE": "FINISHED", "PRUNED": "KILLED", "WAITING": "KILLED", "FAIL": "FAILED"}
"""MLflow's word for how a trial ended; the tag ``state`` has ours."""


@dataclass(frozen=True)
class TrackedSearch:
    """The tracking settings under which the runs of a search's trials are recorded.

    Attributes:
        settings: Of tracking.
        experiment: Where the settings name none.
        key: Of the search's own run, which is the parent of the trials'.
        name: What the trials' names and keys begin with; empty: with ``key``.
        tags: Of each trial.
    """

    settings: TrackingSettings
    experiment: str
    key: str
    name: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

    def open(self, spool: Path, *, fresh: bool = False) -> Run | None:
        """The search's run; call it in the driver, before any trial's."""
        return tracking.open_run(self.settings, self.experiment, self.key, self.key, fresh=fresh, spool_dir=spool)

    def open_trial(self, number: int, job: TrainJob, params: Mapping[str, Any], spool: Path) -> Run | None:
        """The run of a trial: found again where it has one. Its params are those that were suggested."""
        name = f"{self.name or self.key}/{number:03d}"
        run = tracking.open_run(self.settings, self.experiment, name, name, spool_dir=spool, parent=self.key)
        tracker = tracking.tracker_for(run, spool, patience=5)  # the training needs nothing of what is said here
        tags = {
            **self.tags,
            "trial": str(number),
            "method": job.method,
            "config_hash": job.config_hash,
            STATE: "RUNNING",
        }
        tracking.describe_run(tracker, job.determinants, tags, params=params)
        tracker.close()
        return run


def end_trial(run: Run | None, state: str, cause: str | None, metrics: Mapping[str, float], spool: Path) -> None:
    """Say in the driver how a trial ended."""
    if run is None:
        return
    tracker = tracking.tracker_for(run, spool, patience=5)
    tracker.tags({STATE: state, **({"cause": cause} if cause else {})})
    tracker.results({f"trial/{name}": value for name, value in metrics.items()})
    tracker.close()
    tracking.end_run(run, _STATUS[state], spool)


Measure = Callable[[Path, TrainJob, Progress], Mapping[str, float]]
"""(folder of the best model, job, history) → other metrics of a trial; it travels to where the trial runs."""


@dataclass(frozen=True)
class SharedTrialSettings:
    """Settings that all trials of a study share.

    Attributes:
        study: Its name.
        place: Folder or URI below which each trial keeps its checkpoints.
        cluster: Of it, what a single training needs.
        scaling: Workers of a trial that is a Ray Train run; None: a trial is a plain training in one process.
        channel: To the driver of the search: whether the trials are to stop.
        tracked: Where the trials' runs are recorded; None: nowhere.
        spool: Folder, on each machine, for what MLflow has not taken yet.
        measure: Of a finished trial's best model; None: no other metrics.
    """

    study: str
    place: str
    cluster: ClusterConfig
    scaling: ScalingConfig | None
    channel: Any
    tracked: TrackedSearch | None
    spool: Path
    measure: Measure | None = None

    @property
    def place_of_study(self) -> str:
        """Return the folder or URI in which the study's trials keep their checkpoints."""
        return uris.join(uris.absolute(self.place), self.study)

    def folder(self, number: int) -> str:
        """Return the folder or URI of a trial's checkpoints."""
        return uris.join(self.place_of_study, f"{number:05d}")


@dataclass(frozen=True)
class TrialTask:
    """A trial.

    Attributes:
        params: What was suggested, as the trial's run shows it.
    """

    number: int
    job: TrainJob
    params: Mapping[str, Any] = field(default_factory=dict)


class TrialReport(TypedDict, total=False):
    """A report of a trial to the driver.

    Attributes:
        kind: ``begun`` with ``run``; ``epoch`` with ``epoch`` and ``nme``; and one of the endings: ``complete``
            with ``metrics``, ``stopped`` as the driver wished, ``failed`` by itself or ``unfit`` as all trials
            would be, with ``cause``.
        run: The trial's tracked run, as plain values; None: there is none.
        rungs: Validation NME after each measured epoch since the trial began; with ``epoch`` and ``complete``.
        epochs: Finished ones; likewise.
        cause: All that the user needs of an error.
    """

    kind: Literal["begun", "epoch", "complete", "stopped", "failed", "unfit"]
    run: dict[str, Any] | None
    epoch: int
    nme: float | None
    rungs: dict[int, float]
    epochs: int
    metrics: dict[str, float]
    cause: str


SendReport = Callable[[TrialReport], None]


def report_of(progress: Progress) -> TrialReport:
    """The last epoch of ``progress``, and all before it."""
    last = progress.history[-1]
    return TrialReport(
        kind="epoch", epoch=last.epoch, nme=last.validation_nme, rungs=_rungs(progress), epochs=progress.epoch
    )


def completed(progress: Progress, metrics: Mapping[str, float]) -> TrialReport:
    """The end of a trial; its ``nme`` is that of the model kept."""
    best = progress.best
    assert best is not None, "a finished training has measured its last epoch"
    assert best.validation_nme is not None, "of the measured epochs"
    return TrialReport(
        kind="complete",
        metrics={"nme": best.validation_nme, **metrics},
        rungs=_rungs(progress),
        epochs=progress.epoch,
    )


def _rungs(progress: Progress) -> dict[int, float]:
    return {
        record.epoch: record.validation_nme for record in progress.history if record.validation_nme is not None
    }
