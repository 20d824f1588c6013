"""Tracking: what a run reports reaches MLflow, and no run ever waits for it.

The driver opens a run (``open_run``) and hands its ``RunHandle`` to the workers; a worker speaks through
``tracker_for``, which writes to a spool on disk; a thread forwards the spool, and ``replay`` delivers what an
outage held back. Importing this package sets MLflow's defaults and does not import MLflow.
"""

from facealign.tracking.environment import set_defaults

set_defaults()

from facealign.tracking.address import tracking_uri  # noqa: E402
from facealign.tracking.base import NullTracker, Tracker  # noqa: E402
from facealign.tracking.config import TrackingSettings  # noqa: E402
from facealign.tracking.describe import describe_run, log_dataset  # noqa: E402
from facealign.tracking.flatten import flatten  # noqa: E402
from facealign.tracking.mlflow_tracker import MlflowTracker, end_run, replay, tracker_for  # noqa: E402
from facealign.tracking.probe import require_answer, require_writable  # noqa: E402
from facealign.tracking.runs import RunHandle, open_run  # noqa: E402

__all__ = [
    "MlflowTracker",
    "NullTracker",
    "RunHandle",
    "Tracker",
    "TrackingSettings",
    "describe_run",
    "end_run",
    "flatten",
    "log_dataset",
    "open_run",
    "replay",
    "require_answer",
    "require_writable",
    "tracker_for",
    "tracking_uri",
]
