"""Studies run on a cluster, by Ray Tune."""

import json
import logging
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
from ray import tune
from ray.train import ScalingConfig
from ray.tune import PlacementGroupFactory
from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search import Searcher

from facealign.cluster.channel import channel, driver_lock
from facealign.cluster.config import ClusterConfig
from facealign.cluster.search.task import Measure, SharedTrialSettings, TrackedSearch, TrialTask
from facealign.cluster.search.trial import run_trial
from facealign.cluster.search.trial_controller import JobOf, TrialController
from facealign.cluster.session import session
from facealign.config import UserError
from facealign.search.events import Note, SearchEvent
from facealign.search.study import SearchStudy
from facealign.storage import uris
from facealign.training.stopping import StopSignals

# Tune's two interfaces to the controller: a searcher that asks it, and a scheduler that reports to it.


class Unsaved:
    """A search algorithm without saved state: the study is what a search resumes from, not Tune's files."""

    def __getstate__(self) -> dict[str, Any]:
        return {}


class StudySearcher(Unsaved, Searcher):  # type: ignore[misc]  # Ray has no types
    """Hands Tune the controller's trials, so many at once; the study remembers, so Tune has nothing to save."""

    def __init__(self, controller: TrialController, concurrency: int) -> None:
        super().__init__()
        self._controller, self._concurrency = controller, concurrency
        self.numbers: dict[str, int] = {}
        self.causes: dict[str, str] = {}

    def suggest(self, trial_id: str) -> Any:
        """Tune calls it: settings of a new trial, None for not now, or that there are no more."""
        if self._controller.running >= self._concurrency:
            return None
        task = self._controller.next()
        if task is None:  # one that is running may have to be asked again
            return None if self._controller.running else Searcher.FINISHED
        self.numbers[trial_id] = task.number
        return {"task": task}

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Tune calls it when a trial has ended, by itself or not."""
        cause = self.causes.pop(trial_id, "it ended without a word")
        self._controller.lost(self.numbers.pop(trial_id), cause)

    def save(self, checkpoint_path: str) -> None:
        """Save nothing: the study holds the state."""

    def restore(self, checkpoint_path: str) -> None:
        """Restore nothing: the study holds the state."""


class StudyScheduler(Unsaved, FIFOScheduler):  # type: ignore[misc]
    """Passes on what trials tell, and stops those that the study prunes."""

    def __init__(self, controller: TrialController, searcher: StudySearcher) -> None:
        super().__init__()
        self._controller, self._searcher = controller, searcher

    def on_trial_result(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> str:
        """Tune calls it for each report."""
        task: TrialTask = trial.config["task"]
        report = json.loads(result["report"])
        if "rungs" in report:
            report["rungs"] = {int(epoch): nme for epoch, nme in report["rungs"].items()}
        is_over = self._controller.on_report(task.number, report)
        return str(TrialScheduler.STOP if is_over else TrialScheduler.CONTINUE)

    def on_trial_error(self, tune_controller: Any, trial: Trial) -> None:
        """Record a trial's error; Tune calls this before it reports the end of the trial."""
        lines = str(trial.get_error()).strip().splitlines()
        self._searcher.causes[trial.trial_id] = lines[0][:200] if lines else "unknown"


# How many trials a cluster holds at once, and what each gets.


@dataclass(frozen=True)
class Capacity:
    """Room for trials.

    Attributes:
        trials: At once.
        workers: Of each trial.
        cpus: Of each worker.
        gpus: Likewise, 0 or 1.
    """

    trials: int
    workers: int
    cpus: int
    gpus: int

    @property
    def gpus_per_trial(self) -> int:
        """The GPUs that a running trial holds."""
        return self.workers * self.gpus

    @property
    def scaling(self) -> ScalingConfig:
        """The scaling config of a trial that is a Ray Train run."""
        return ScalingConfig(
            num_workers=self.workers,
            use_gpu=self.gpus > 0,
            resources_per_worker={"CPU": self.cpus, "GPU": self.gpus},
        )

    @property
    def process(self) -> PlacementGroupFactory:
        """Resources of a trial that is one process."""
        return PlacementGroupFactory([{"CPU": self.cpus, "GPU": self.gpus}])


def beside_the_driver() -> PlacementGroupFactory:
    """Resources of a process that only follows a trial's workers: nearly none, on the driver's node.

    It asks for no part of a CPU, because then the workers could not have all of them.
    """
    return PlacementGroupFactory([{f"node:{ray.util.get_node_ip_address()}": 0.001}])


def capacity(config: ClusterConfig, most: int | None) -> Capacity:
    """Return how many trials run at once: what the cluster holds, at most ``most``; they share its CPUs.

    A trial has the fewest workers that the settings allow: a second trial is of more use than a faster one.

    Raises:
        UserError: It holds not one.
    """
    have = ray.cluster_resources()
    gpus, cpus = int(have.get("GPU", 0)), int(have.get("CPU", 0))
    workers = config.fewest_workers
    use_gpu = config.takes_gpus(gpus)
    by_gpu = gpus // workers if use_gpu else None
    by_cpu = cpus // (workers * (config.cpus_per_worker or 1))
    held = min(count for count in (by_gpu, by_cpu, most) if count is not None)
    if held < 1:
        each = f"{config.cpus_per_worker or 1} CPUs{' and a GPU' if use_gpu else ''} each"
        raise UserError(
            f"a trial has {workers} workers with {each}, and the cluster has {cpus} CPUs and {gpus} GPUs; lower "
            "cluster.workers or cluster.cpus_per_worker, or set cluster.device: cpu"
        )
    share = config.cpus_per_worker or cpus // (workers * held)
    return Capacity(trials=held, workers=workers, cpus=share, gpus=int(use_gpu))


OnEvent = Callable[[SearchEvent], None]


class Interrupted(Exception):
    """The search was asked to stop; its trials wait, and it can go on."""

    def __init__(self, exit_status: int) -> None:
        super().__init__("the search was stopped; its trials wait")
        self.exit_status = exit_status


@dataclass(frozen=True)
class SearchSession:
    """A cluster that a search has, and the folder that nobody else works in; of ``search_session``.

    Attributes:
        config: Of the cluster.
        spool: Folder, on each machine, for what MLflow has not taken yet.
        on_event: TrialReport all that ``facealign.search.events`` lists.
        signals: That the driver has got.
        scratch: Folder for what goes with the cluster; None: it was there before.
    """

    config: ClusterConfig
    spool: Path
    on_event: OnEvent
    signals: StopSignals
    scratch: Path | None

    def run(
        self,
        study: SearchStudy,
        job_of: JobOf,
        *,
        tracked: TrackedSearch | None = None,
        measure: Measure | None = None,
        concurrency: int | None = None,
    ) -> str | None:
        """Run a study's trials until its plan or its limits end it.

        Args:
            study: Which trials there are, and what became of them.
            job_of: The training of a trial's settings; raises ``UserError`` where they do not go together.
            tracked: Where the trials' runs are recorded; None: nowhere.
            measure: Other metrics of each finished trial's best model.
            concurrency: Trials at once, at most; None: as many as the cluster holds.

        Returns:
            The limit of time that ended it, ``hours`` or ``gpu_hours``; None: all trials are done.

        Raises:
            Interrupted: SIGINT or SIGTERM came. Running trials have saved themselves, and wait.
            UserError: There is something to fix that all trials need, or too many have failed.
        """
        room = capacity(self.config, concurrency)
        with channel("the driver of the search") as line:
            common = SharedTrialSettings(
                study=study.plan.name,
                place=self.config.storage,
                cluster=self.config,
                scaling=None if _is_plain(self.config) else room.scaling,
                channel=line,
                tracked=tracked,
                spool=self.spool,
                measure=measure,
            )

            def delete_checkpoints(number: int) -> None:
                if uris.exists(common.folder(number)):
                    uris.remove(common.folder(number))

            controller = TrialController(
                study, job_of, self.config.max_failures, self.spool, delete_checkpoints, self.on_event
            )
            controller.begin()
            watch = _Watch(controller, line, room, self)
            try:
                if controller.has_more:
                    _tune(controller, common, room, watch, self.scratch)
            finally:
                controller.close()
            if not any(row.state == "WAITING" for row in study.rows()) and uris.exists(common.place_of_study):
                uris.remove(common.place_of_study)
        if self.signals.received is not None:
            raise Interrupted(128 + self.signals.received)
        if controller.error is not None:
            raise controller.error
        return watch.limit


@contextmanager
def search_session(
    folder: str, config: ClusterConfig, spool: Path, on_event: OnEvent = lambda event: None
) -> Iterator[SearchSession]:
    """A connection to the cluster for the studies of one search, which no other driver has inside the block.

    Args:
        folder: Of the search; absolute, or a URI.
        config: Of the cluster.
        spool: Folder, on each machine, for what MLflow has not taken yet.
        on_event: Called in this thread with what happens.

    Raises:
        UserError: No cluster answers, or another driver is at this search already.
    """
    with (
        session(config.address, dashboard=not _is_plain(config)) as scratch,
        StopSignals() as signals,
        driver_lock(folder, "runs this search"),
    ):
        yield SearchSession(config, spool, on_event, signals, scratch)


def _is_plain(config: ClusterConfig) -> bool:
    """Whether a trial is one process, with its checkpoints in a folder: then it needs no Ray Train."""
    return config.most_workers == 1 and "://" not in config.storage


def _tune(
    controller: TrialController, common: SharedTrialSettings, room: Capacity, watch: "_Watch", scratch: Path | None
) -> None:
    """Let Tune run trials until the controller has no more; Tune's own files are deleted."""
    logging.getLogger("ray.tune").setLevel(logging.ERROR)  # it misses its own logs, and other things not needed
    alone = common.scaling is None
    searcher = StudySearcher(controller, room.trials)
    with tempfile.TemporaryDirectory(prefix="facealign-tune-", dir=scratch, ignore_cleanup_errors=True) as folder:
        tune.Tuner(
            tune.with_resources(
                tune.with_parameters(run_trial, common=common), room.process if alone else beside_the_driver()
            ),
            tune_config=tune.TuneConfig(
                search_alg=searcher,
                scheduler=StudyScheduler(controller, searcher),
                num_samples=-1,
                reuse_actors=alone,
                trial_dirname_creator=lambda trial: trial.trial_id,
            ),
            run_config=tune.RunConfig(
                name=common.study,
                storage_path=folder,
                failure_config=tune.FailureConfig(max_failures=0),
                callbacks=[watch],
                verbose=0,
            ),
        ).fit()


class _Watch(Unsaved, tune.Callback):  # type: ignore[misc]  # Ray has no types
    """Looks at clock and signals, in each round of Tune's loop."""

    def __init__(self, controller: TrialController, line: Any, room: Capacity, session: SearchSession) -> None:
        self._controller, self._line, self._room, self._session = controller, line, room, session
        self._asked = False
        self.limit: str | None = None

    def on_step_begin(self, iteration: int, trials: list[Any], **info: Any) -> None:
        """Tune calls it."""
        limit = self._controller.tick(self._room.gpus_per_trial)
        if self._asked:
            return
        received = self._session.signals.received
        if received is not None:
            self._stop(f"{received.name}: running trials save themselves, and wait; a second one ends at once")
        elif limit is not None:
            self.limit = limit
            self._stop(f"budget.{limit} is spent: running trials save themselves, and wait")
        elif self._controller.is_stopping:
            self._stop("stopping: running trials save themselves, and wait")

    def _stop(self, why: str) -> None:
        self._asked = True
        self._controller.is_stopping = True
        self._session.on_event(Note(kind="note", text=why))
        ray.get(self._line.request_stop.remote())
