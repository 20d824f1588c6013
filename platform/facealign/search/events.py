"""Events of a running search, as plain mappings.

The runner emits them, ``facealign.report.search.live`` shows them. Each is a TypedDict, so
``TrialEpoch(kind=…, …)`` is a dict. The order: one ``search`` first; then, for each trial, ``trial_started``, any
number of ``trial_epoch``, ``trial_ended``; a ``note`` at any time.
"""

from collections.abc import Mapping
from typing import Any, Literal, TypedDict

TrialState = Literal["COMPLETE", "PRUNED", "FAIL", "RUNNING", "WAITING"]
"""How far a trial has come, by Optuna's names."""


class SearchBegins(TypedDict):
    """A search begins or goes on.

    Attributes:
        name: Of the study.
        objectives: Their names; the first is the one that ``best`` and the epochs speak of.
        trials: How many the study may come to in all; None: no bound.
        seconds_left: Of the budget's hours; None: no bound.
        rungs: Epochs after which the pruner decides, in order; empty: it never does.
        ended: How many trials of each state the study holds already; absent states are zero.
        best: Number and first value of the best trial so far; None: none is finished.
    """

    kind: Literal["search"]
    name: str
    objectives: tuple[str, ...]
    trials: int | None
    seconds_left: float | None
    rungs: tuple[int, ...]
    ended: Mapping[TrialState, int]
    best: tuple[int, float] | None


class TrialStarted(TypedDict):
    """A trial begins, or goes on from its checkpoint.

    Attributes:
        params: As in ``TrialRow``.
        epochs: How many it will have at the most.
        rungs: Validation NME by epoch, of the epochs it had already; empty for a fresh one.
    """

    kind: Literal["trial_started"]
    number: int
    params: Mapping[str, Any]
    epochs: int
    rungs: Mapping[int, float]


class TrialEpoch(TypedDict):
    """An epoch is over; ``nme`` is the validation NME, a fraction, None where it was not measured."""

    kind: Literal["trial_epoch"]
    number: int
    epoch: int
    nme: float | None


class TrialEnded(TypedDict):
    """A trial is over. ``values`` is empty unless it is COMPLETE; ``cause`` says why it failed, else None.

    A trial that goes back to WAITING because the search was asked to stop ends with that state.
    """

    kind: Literal["trial_ended"]
    number: int
    state: TrialState
    values: tuple[float, ...]
    epochs: int
    seconds: float
    cause: str | None


class Note(TypedDict):
    """A line for the user, apart from the metrics."""

    kind: Literal["note"]
    text: str


SearchEvent = SearchBegins | TrialStarted | TrialEpoch | TrialEnded | Note
