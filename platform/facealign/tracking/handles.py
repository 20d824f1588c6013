"""Handles that identify a run; the driver passes one to every process that reports to it."""

import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

HANDLE_FILE = "run.json"

RUN_KEY = "facealign.run_key"
"""The tag by which a restart finds its run."""

PARENT = "mlflow.parentRunId"
"""MLflow's own tag: the run that this one is shown below."""

OPENED = "facealign.opened"
"""The tag with the moment of the last start (milliseconds since 1970): ends that are older do not count."""

TICKET = "facealign.ticket."
"""Prefix of the tag by which all holders of a ticket find the same run."""


@dataclass(frozen=True)
class RunHandle:
    """A run that MLflow has; the handle can be pickled and written as JSON.

    Attributes:
        sample_every: Seconds between two samples of each machine; None for no samples.
    """

    uri: str
    experiment_id: str
    run_id: str
    name: str
    sample_every: float | None = 10.0

    @property
    def folder(self) -> str:
        """Names the folder of the run's spools."""
        return self.run_id


@dataclass(frozen=True)
class PendingRun:
    """A run that is not on a server yet; the first process that reaches the server creates it.

    Attributes:
        experiment: The experiment's name.
        key: Same key, same run, as in ``open_run``.
        ticket: Names this run until MLflow does; unique.
        at: When it was started, in milliseconds since 1970.
        fresh: Open a new run where the one of ``key`` is FINISHED.
        sample_every: Seconds between two samples of each machine; None for no samples.
        parent: Key of the run that this one is a part of.
    """

    uri: str
    experiment: str
    key: str
    name: str
    ticket: str
    at: int
    fresh: bool
    sample_every: float | None = 10.0
    parent: str | None = None

    @property
    def folder(self) -> str:
        """Names the folder of the run's spools."""
        return self.ticket


Run = RunHandle | PendingRun


def to_json(run: Run) -> dict[str, Any]:
    """The handle as plain values."""
    return asdict(run)


def from_json(values: dict[str, Any]) -> Run:
    """The handle that ``to_json`` gave."""
    return PendingRun(**values) if "ticket" in values else RunHandle(**values)


def write_handle(run: Run, folder: Path) -> None:
    """Put the handle beside the run's spools, whole or not at all; for its owner alone: it may hold a password."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor, fresh = tempfile.mkstemp(dir=folder, prefix=HANDLE_FILE)  # made with mode 0600
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump(to_json(run), stream)
    os.replace(fresh, folder / HANDLE_FILE)


def read_handle(folder: Path) -> Run | None:
    """The run whose spools are in ``folder``; None where there is none."""
    try:
        return from_json(json.loads((folder / HANDLE_FILE).read_text(encoding="utf-8")))
    except (FileNotFoundError, NotADirectoryError):
        return None
