"""Texts for trials: states, values with units, short names of parameters.

Nothing here imports matplotlib: the display of a running search starts without it.
"""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from facealign.config import printable
from facealign.search.events import TrialState

STATE_WORDS: dict[TrialState, str] = {
    "COMPLETE": "finished",
    "PRUNED": "pruned",
    "FAIL": "failed",
    "RUNNING": "running",
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


@dataclass(frozen=True)
class Unit:
    """The unit of an objective, as axes and texts show it.

    Attributes:
        label: Name and unit, for an axis.
        sign: After a number in running text.
        scale: Shown value over stored value.
        digits: Format of a shown value.
    """

    label: str
    sign: str
    scale: float
    digits: str

    @property
    def name(self) -> str:
        """The label without its unit."""
        return self.label.split(",")[0]

    def text(self, value: float) -> str:
        """A stored value with its unit."""
        return f"{self.scale * value:{self.digits}}{self.sign}"


_UNITS = {
    "nme": Unit("validation NME, %", " %", 100.0, ".2f"),
    "failure_rate": Unit("failure rate, %", " %", 100.0, ".2f"),
    "parameters": Unit("parameters, millions", " M", 1e-6, ".3f"),
    "macs": Unit("MACs, billions", " G", 1e-9, ".3f"),
    "latency_ms": Unit("latency, ms", " ms", 1.0, ".2f"),
}


def unit_of(objective: str) -> Unit:
    """An objective's unit; one that is not known here is shown as it is stored."""
    return _UNITS.get(objective, Unit(objective, "", 1.0, ".4g"))


_SAY_NOTHING = frozenset({"name", "params", "model", "train", "method"})


def short_names(paths: Iterable[str]) -> dict[str, str]:
    """Path → its shortest ending that no other path has, and that does not begin with a word like ``name``.

    ``method.awing.model.loss.params.alpha`` becomes ``alpha``; ``….loss.name`` beside ``….optimizer.name`` keeps
    ``loss.name``.
    """
    paths = list(dict.fromkeys(paths))
    endings = Counter(ending for path in paths for ending in _endings(path))
    return {path: next(e for e in _endings(path) if _says_enough(e, endings) or e == path) for path in paths}


def _endings(path: str) -> list[str]:
    words = path.split(".")
    return [".".join(words[-length:]) for length in range(1, len(words) + 1)]


def _says_enough(ending: str, endings: Counter[str]) -> bool:
    return endings[ending] == 1 and ending.split(".")[0] not in _SAY_NOTHING
