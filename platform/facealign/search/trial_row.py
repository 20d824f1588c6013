"""A trial as a plain row: what the report draws, the table lists and the best is chosen from."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import optuna
from optuna.trial import FrozenTrial
from pydantic import Field

from facealign.config import Settings
from facealign.search.events import TrialState
from facealign.search.storage import Storage


class TrialRow(Settings):
    """A trial as plain values, without Optuna.

    Attributes:
        number: Its place in the study, from 0.
        state: COMPLETE: trained to its end. PRUNED: stopped by the pruner. FAIL: crashed. RUNNING: being trained,
            or left so by a killed driver. WAITING: not begun.
        values: One for each objective, lower is better; empty unless COMPLETE. The NME is a fraction, the lowest
            of the trial's epochs.
        params: What was suggested: full dotted path of params.yaml → plain value. A parameter whose condition does
            not hold is absent.
        rungs: Validation NME (a fraction) after each epoch that was measured.
        seconds: From start to end; None: not ended.
        epochs: Finished ones.
        cause: Why it failed.
        run_id: Of its tracked run.
    """

    number: int = Field(ge=0)
    state: TrialState
    values: tuple[float, ...] = ()
    params: dict[str, Any] = Field(default_factory=dict)
    rungs: dict[int, float] = Field(default_factory=dict)
    seconds: float | None = None
    epochs: int = 0
    cause: str | None = None
    run_id: str | None = None
    started: datetime | None = None
    ended: datetime | None = None


# What a study has come to, as plain rows.


# Names of the attributes in which a trial keeps what Optuna has no place for.
PARAMS = "params"
CAUSE = "cause"
SECONDS = "seconds"
EPOCHS = "epochs"
RUNGS = "rungs"
METRICS = "figures"
RUN_ID = "run_id"


def rows(study: optuna.Study) -> tuple[TrialRow, ...]:
    """All trials, by number."""
    return tuple(map(_row, study.get_trials(deepcopy=False)))


def rows_of(storage: Storage, name: str) -> tuple[TrialRow, ...]:
    """Return all trials of a study as rows, whichever process works on it."""
    return rows(optuna.load_study(study_name=name, storage=storage))


def row(study: optuna.Study, number: int) -> TrialRow:
    """Convert a trial to a row."""
    return _row(_trial(study, number))


def trial_metrics(study: optuna.Study, number: int) -> dict[str, float]:
    """Return the metrics of a finished trial besides the NME of its epochs."""
    return dict(_trial(study, number).user_attrs.get(METRICS, {}))


def best(trials: Iterable[TrialRow]) -> list[TrialRow]:
    """The complete trials, the lowest first value first; of equal ones, the earlier."""
    return sorted((row for row in trials if row.state == "COMPLETE"), key=lambda row: (row.values[0], row.number))


def _trial(study: optuna.Study, number: int) -> FrozenTrial:
    return study.get_trials(deepcopy=False)[number]


def _row(trial: FrozenTrial) -> TrialRow:
    attributes = trial.user_attrs
    state = trial.state.name
    rungs = dict(trial.intermediate_values) or {
        int(epoch): nme for epoch, nme in attributes.get(RUNGS, {}).items()
    }
    return TrialRow(
        number=trial.number,
        state=state,
        values=tuple(trial.values or ()) if state == "COMPLETE" else (),
        params=dict(attributes.get(PARAMS, {})),
        rungs=dict(sorted(rungs.items())),
        seconds=attributes.get(SECONDS) if trial.state.is_finished() else None,
        epochs=attributes.get(EPOCHS, 0),
        cause=attributes.get(CAUSE) if state == "FAIL" else None,
        run_id=attributes.get(RUN_ID),
        started=trial.datetime_start,
        ended=trial.datetime_complete,
    )
