"""Trials in words: their states, and the values of their settings. Without matplotlib, for the live display."""

import json
from typing import Any

from facealign.config import printable
from facealign.search.row import TrialState

STATE_WORDS: dict[TrialState, str] = {
    "COMPLETE": "finished",
    "PRUNED": "pruned",
    "FAIL": "failed",
    "RUNNING": "under way",
    "WAITING": "waiting",
}


def choice_text(value: Any) -> str:
    """A plain value as one word: text as it is, a number in its shortest form, all else as JSON."""
    if isinstance(value, str):
        return value
    return repr(value) if is_number(value) else json.dumps(value)


def number_text(value: Any) -> str:
    """A plain value for reading: four digits."""
    return f"{value:.4g}" if isinstance(value, float) else choice_text(value)


def cause_line(cause: str) -> str:
    """A cause in one line: of a stack trace its last, which names the error."""
    lines = [line for line in cause.splitlines() if line.strip()]
    if not lines:
        return "no cause was recorded"
    return printable(lines[-1 if lines[0].startswith("Traceback") else 0].strip())


def is_number(value: Any) -> bool:
    """Whether it is a number; a truth value is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)
