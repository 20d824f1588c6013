"""Tracking: what a run reports reaches MLflow, and no run ever waits for it.

The driver opens a run (``open_run``) and hands it to the workers; a worker speaks through ``tracker_for``, which
writes to a spool on disk; a thread forwards the spool, and ``replay`` delivers what an outage held back. Importing
this package sets MLflow's defaults and does not import MLflow.
"""

from facealign.tracking.environment import set_defaults

set_defaults()

from facealign.tracking.address import Away, check_answers, tracking_uri  # noqa: E402
from facealign.tracking.base import NullTracker, Tracker  # noqa: E402
from facealign.tracking.config import TrackingSettings  # noqa: E402
from facealign.tracking.describe import describe_run  # noqa: E402
from facealign.tracking.flatten import flatten  # noqa: E402
from facealign.tracking.handles import PendingRun, Run, RunHandle, to_json  # noqa: E402
from facealign.tracking.mlflow_tracker import MlflowTracker, tracker_for  # noqa: E402
from facealign.tracking.opening import opened  # noqa: E402
from facealign.tracking.probe import require_answer, require_writable  # noqa: E402
from facealign.tracking.replay import Replayed, deliver_left, replay  # noqa: E402
from facealign.tracking.runs import end_run, open_run, recalled  # noqa: E402
from facealign.tracking.system import system_metrics  # noqa: E402

__all__ = [
    "Away",
    "MlflowTracker",
    "NullTracker",
    "PendingRun",
    "Replayed",
    "Run",
    "RunHandle",
    "Tracker",
    "TrackingSettings",
    "check_answers",
    "deliver_left",
    "describe_run",
    "end_run",
    "flatten",
    "open_run",
    "opened",
    "recalled",
    "replay",
    "require_answer",
    "require_writable",
    "system_metrics",
    "to_json",
    "tracker_for",
    "tracking_uri",
]
