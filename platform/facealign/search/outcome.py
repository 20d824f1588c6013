"""What a study has come to, as plain rows."""

from collections.abc import Iterable

import optuna
from optuna.trial import FrozenTrial

from facealign.search.row import TrialRow
from facealign.search.storage import Storage

# Names of the attributes in which a trial keeps what Optuna has no place for.
PARAMS = "params"
CAUSE = "cause"
SECONDS = "seconds"
EPOCHS = "epochs"
RUNGS = "rungs"
FIGURES = "figures"
RUN_ID = "run_id"


def rows(study: optuna.Study) -> tuple[TrialRow, ...]:
    """All trials, by number."""
    return tuple(map(_row, study.get_trials(deepcopy=False)))


def rows_of(storage: Storage, name: str) -> tuple[TrialRow, ...]:
    """All trials of a study, whoever works on it."""
    return rows(optuna.load_study(study_name=name, storage=storage))


def row(study: optuna.Study, number: int) -> TrialRow:
    """One trial."""
    return _row(_trial(study, number))


def figures_of(study: optuna.Study, number: int) -> dict[str, float]:
    """What a finished trial measured besides the NME of its epochs."""
    return dict(_trial(study, number).user_attrs.get(FIGURES, {}))


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
