"""The settings that the rows of a paper's table start from."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from facealign.cli.assignments import assign, put
from facealign.cli.params import Params
from facealign.cli.recipe import overlay
from facealign.config import Problem, UserError, check_settings, read_yaml
from facealign.config.load import broken_rules, report, typed
from facealign.papers.grid import ELLIPSES
from facealign.papers.table import PaperTable

Size = Literal["laptop", "paper"]
RECIPES = Path("recipes")


class TableSettings:
    """A params file, with the paper's recipe over it where that size is asked for, and other values put in.

    Args:
        table: Its method's settings count.
        params: The params file.
        size: ``laptop`` takes it as it is; ``paper`` puts the method's recipe over it.
        assignments: ``key=value`` of the params file, which go before both.
        epochs: Of each training; the milestones of a schedule move along. None: as the settings have it.

    Raises:
        ConfigError: What comes of it breaks a rule.
        UserError: An assignment is not of that form.
    """

    def __init__(
        self,
        table: PaperTable,
        params: Path,
        size: Size = "laptop",
        assignments: Sequence[str] = (),
        epochs: int | None = None,
    ) -> None:
        self._table = table
        tree = read_yaml(params)
        check_settings(tree, params, Params)  # by itself, so that a mistake in it is told with its line
        if size == "paper":
            list(overlay(tree, read_yaml(RECIPES / f"{table.method}.yaml")))
        assign(tree, assignments)
        self.base = check_settings(tree, params, Params)
        self._text = json.dumps(tree, default=str)
        if epochs is not None:
            self._shorten(epochs)

    def params(self, settings: Mapping[str, Any]) -> Params:
        """The settings of one training.

        Raises:
            UserError: They break a rule; the message lists each.
        """
        try:
            return typed(put(json.loads(self._text), settings), Params)
        except ValidationError as error:
            rules = (f"{problem.key}: {problem.rule}" for problem in broken_rules(error, Params))
            raise UserError("; ".join(rules)) from None

    def require(self, path: Path, landmarks: int) -> None:
        """Check the settings of every row.

        Args:
            path: The table's file, for messages.
            landmarks: How many the faces have.

        Raises:
            ConfigError: Every rule that a row breaks, with its line.
        """
        problems = list(self._problems(landmarks))
        if problems:
            raise report(read_yaml(path), path, problems)

    def _problems(self, landmarks: int) -> Iterator[Problem]:
        for number, row in enumerate(self._table.rows):
            if row.set is None:
                continue
            settings = self._table.settings(row)
            if row.ellipses_of is not None:  # which are not measured yet
                settings[f"method.{self._table.method}.{ELLIPSES}"] = [[2.0, 1.0]] * landmarks
            try:
                self.params(settings)
            except UserError as error:
                yield Problem(("rows", number, "set"), f"{row.label}: {error}")

    def _shorten(self, epochs: int) -> None:
        train = self.base.section(self._table.method).train
        section = f"method.{self._table.method}.train"
        milestones = [milestone * epochs / train.epochs for milestone in train.schedule.milestones]
        changes = {f"{section}.epochs": epochs, f"{section}.schedule.milestones": milestones}
        self.base = self.params(changes)
        self._text = json.dumps(put(json.loads(self._text), changes))
