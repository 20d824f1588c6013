"""What a search has to know of the settings that it changes."""

from typing import Any, Protocol

from facealign.config import Problem
from facealign.search.space import Assignments


class Baseline(Protocol):
    """The settings that every trial starts from: params.yaml, which the command line knows how to read."""

    def problems(self, assignments: Assignments) -> list[Problem]:
        """What the settings' own rules say against ``assignments`` put into them, at places of params.yaml."""

    def value(self, path: str, assignments: Assignments) -> Any:
        """The value of a dotted path beside ``assignments``, which break no rule; maybe a default.

        Raises:
            KeyError: There is no such setting.
        """
