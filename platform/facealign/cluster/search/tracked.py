"""The runs of a search in MLflow: one for the search, and one below it for each trial."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from facealign import tracking
from facealign.tracking import Run, TrackingSettings
from facealign.training import TrainJob

STATE = "state"
_STATUS = {"COMPLETE": "FINISHED", "PRUNED": "KILLED", "WAITING": "KILLED", "FAIL": "FAILED"}
"""MLflow's word for how a trial ended; the tag ``state`` has ours."""


@dataclass(frozen=True)
class TrackedSearch:
    """Where the runs of a search's trials are recorded.

    Attributes:
        settings: Of tracking.
        experiment: Where the settings name none.
        key: Of the search's own run, which is the parent of the trials'.
        tags: Of each trial.
    """

    settings: TrackingSettings
    experiment: str
    key: str
    tags: Mapping[str, str] = field(default_factory=dict)

    def open(self, spool: Path, *, fresh: bool = False) -> Run | None:
        """The search's run; call it in the driver, before any trial's."""
        return tracking.open_run(self.settings, self.experiment, self.key, self.key, fresh=fresh, spool_dir=spool)

    def open_trial(self, number: int, job: TrainJob, params: Mapping[str, Any], spool: Path) -> Run | None:
        """The run of a trial: found again where it has one. Its params are those that were suggested."""
        name = f"{self.key}/{number:03d}"
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


def end_trial(run: Run | None, state: str, cause: str | None, figures: Mapping[str, float], spool: Path) -> None:
    """Say in the driver how a trial ended."""
    if run is None:
        return
    tracker = tracking.tracker_for(run, spool, patience=5)
    tracker.tags({STATE: state, **({"cause": cause} if cause else {})})
    tracker.results({f"trial/{name}": value for name, value in figures.items()})
    tracker.close()
    tracking.end_run(run, _STATUS[state], spool)
