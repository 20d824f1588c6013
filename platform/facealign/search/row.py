"""A trial as a plain row: what the report draws, the table lists and the best is chosen from."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from facealign.config import Settings

TrialState = Literal["COMPLETE", "PRUNED", "FAIL", "RUNNING", "WAITING"]


class TrialRow(Settings):
    """One trial, with nothing of Optuna in it.

    Attributes:
        number: Its place in the study, from 0.
        state: COMPLETE: trained to its end. PRUNED: stopped by the pruner. FAIL: crashed. RUNNING: under way, or left
            so by a killed driver. WAITING: not begun.
        values: One for each objective, lower is better; empty unless COMPLETE. The NME is a fraction, the lowest of
            the trial's epochs.
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
