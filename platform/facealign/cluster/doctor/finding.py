"""What a check found."""

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "failed", "skipped"]


@dataclass(frozen=True)
class Finding:
    """The outcome of one check.

    Attributes:
        state: ``warning``: a training runs, but not as one would wish; ``failed``: it does not run.
        found: What is there.
        remedy: What to do about it; empty where there is nothing to do.
    """

    state: State
    found: str
    remedy: str = ""
