"""Studies run on a cluster, by Ray Tune."""

import logging
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
from ray import tune

from facealign.cluster import storage
from facealign.cluster.channel import channel
from facealign.cluster.claim import claimed
from facealign.cluster.config import ClusterConfig
from facealign.cluster.search.bridge import StudyScheduler, StudySearcher, Unsaved
from facealign.cluster.search.capacity import Capacity, beside_the_driver, capacity
from facealign.cluster.search.conductor import Conductor, JobOf
from facealign.cluster.search.task import Common, Measure
from facealign.cluster.search.tracked import TrackedSearch
from facealign.cluster.search.trial import run_trial
from facealign.cluster.session import session
from facealign.search.events import Note, SearchEvent
from facealign.search.study import SearchStudy
from facealign.training.stopping import StopSignals

OnEvent = Callable[[SearchEvent], None]


class Interrupted(Exception):
    """The search was asked to stop; its trials wait, and it can go on."""

    def __init__(self, exit_status: int) -> None:
        super().__init__("the search was stopped; its trials wait")
        self.exit_status = exit_status


@dataclass(frozen=True)
class Searching:
    """A cluster that a search has, and the folder that nobody else works in; of ``searching``.

    Attributes:
        config: Of the cluster.
        spool: Folder, on each machine, for what MLflow has not taken yet.
        on_event: Told all that ``facealign.search.events`` lists.
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
            measure: Further figures of each finished trial's best model.
            concurrency: Trials at once, at most; None: as many as the cluster holds.

        Returns:
            The limit of time that ended it, ``hours`` or ``gpu_hours``; None: all trials are done.

        Raises:
            Interrupted: SIGINT or SIGTERM came. Trials under way have saved themselves, and wait.
            UserError: There is something to mend that all trials need, or too many have failed.
        """
        room = capacity(self.config, concurrency)
        with channel("the driver of the search") as line:
            common = Common(
                study=study.plan.name,
                place=self.config.storage,
                cluster=self.config,
                scaling=None if _is_plain(self.config) else room.scaling,
                channel=line,
                tracked=tracked,
                spool=self.spool,
                measure=measure,
            )

            def forget(number: int) -> None:
                if storage.exists(common.folder(number)):
                    storage.remove(common.folder(number))

            conductor = Conductor(study, job_of, self.config.max_failures, self.spool, forget, self.on_event)
            conductor.begin()
            watch = _Watch(conductor, line, room, self)
            try:
                if conductor.has_more:
                    _tune(conductor, common, room, watch, self.scratch)
            finally:
                conductor.close()
            if not any(row.state == "WAITING" for row in study.rows()) and storage.exists(common.place_of_study):
                storage.remove(common.place_of_study)
        if self.signals.received is not None:
            raise Interrupted(128 + self.signals.received)
        if conductor.error is not None:
            raise conductor.error
        return watch.limit


@contextmanager
def searching(
    folder: str, config: ClusterConfig, spool: Path, on_event: OnEvent = lambda event: None
) -> Iterator[Searching]:
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
        claimed(folder, "runs this search"),
    ):
        yield Searching(config, spool, on_event, signals, scratch)


def _is_plain(config: ClusterConfig) -> bool:
    """Whether a trial is one process, with its checkpoints in a folder: then it needs no Ray Train."""
    return config.most_workers == 1 and "://" not in config.storage


def _tune(conductor: Conductor, common: Common, room: Capacity, watch: "_Watch", scratch: Path | None) -> None:
    """Let Tune run trials until the conductor has no more. What Tune itself keeps is of no use, and goes."""
    logging.getLogger("ray.tune").setLevel(logging.ERROR)  # it misses its own logs, and other things not needed
    alone = common.scaling is None
    searcher = StudySearcher(conductor, room.trials)
    with tempfile.TemporaryDirectory(prefix="facealign-tune-", dir=scratch, ignore_cleanup_errors=True) as folder:
        tune.Tuner(
            tune.with_resources(
                tune.with_parameters(run_trial, common=common), room.process if alone else beside_the_driver()
            ),
            tune_config=tune.TuneConfig(
                search_alg=searcher,
                scheduler=StudyScheduler(conductor, searcher),
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

    def __init__(self, conductor: Conductor, line: Any, room: Capacity, searching: Searching) -> None:
        self._conductor, self._line, self._room, self._searching = conductor, line, room, searching
        self._asked = False
        self.limit: str | None = None

    def on_step_begin(self, iteration: int, trials: list[Any], **info: Any) -> None:
        """Tune calls it."""
        limit = self._conductor.tick(self._room.gpus_per_trial)
        if self._asked:
            return
        received = self._searching.signals.received
        if received is not None:
            self._stop(f"{received.name}: trials under way save themselves, and wait; a second one ends at once")
        elif limit is not None:
            self.limit = limit
            self._stop(f"budget.{limit} is spent: trials under way save themselves, and wait")
        elif self._conductor.is_stopping:
            self._stop("stopping: trials under way save themselves, and wait")

    def _stop(self, why: str) -> None:
        self._asked = True
        self._conductor.is_stopping = True
        self._searching.on_event(Note(kind="note", text=why))
        ray.get(self._line.request_stop.remote())
