"""params.yaml as what a search starts from."""

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from facealign.cli.assignments import put
from facealign.cli.params import Params, load_params
from facealign.config import Problem, UserError, read_yaml
from facealign.config.load import broken_rules, typed


class ParamsBaseline:
    """A params file, and what it says with other values put in.

    Args:
        path: The file.

    Raises:
        ConfigError: It breaks rules itself.
    """

    def __init__(self, path: Path) -> None:
        load_params(path)
        self._text = json.dumps(read_yaml(path), default=str)

    def params(self, assignments: dict[str, Any]) -> Params:
        """The settings of one trial, with values by dotted path put into the file's.

        Raises:
            ValidationError: They break a rule.
            UserError: A path leads through a value.
        """
        return typed(put(json.loads(self._text), assignments), Params)

    def problems(self, assignments: dict[str, Any]) -> list[Problem]:
        """See ``facealign.search.baseline.Baseline``."""
        try:
            self.params(assignments)
        except ValidationError as error:
            return broken_rules(error, Params)
        except UserError as error:
            return [Problem((), str(error))]
        return []

    def value(self, path: str, assignments: dict[str, Any]) -> Any:
        """See ``facealign.search.baseline.Baseline``."""
        found: Any = self.params(assignments)
        for part in path.split("."):
            if not hasattr(found, part):
                raise KeyError(path)
            found = getattr(found, part)
        return found
