"""Context of a search's report besides its trials, as plain values."""

from typing import Any

from pydantic import Field

from facealign.config import Settings
from facealign.search.importance import Importance
from facealign.search.trial_row import TrialRow


class ParameterRange(Settings):
    """The range of a parameter: an interval, or choices.

    Attributes:
        low: Least value; None for choices.
        high: Greatest value, likewise.
        log: Searched by the logarithm.
        choices: In the search file's order; None for a span.
    """

    low: float | None = None
    high: float | None = None
    log: bool = False
    choices: tuple[Any, ...] | None = None


class RandomTrials(Settings):
    """Trials with random settings, the baseline of a search.

    Attributes:
        source: Which they are, for the legend: "this search's 9 random trials", "study random-4f1c…".
        rows: The trials.
    """

    source: str
    rows: tuple[TrialRow, ...]


class ConfirmedSetting(Settings):
    """One setting trained again with seeds that the search never saw.

    Attributes:
        number: Its trial in the search; None: it was none.
        paper: Whether it is the paper's setting.
        values: First objective, one for each seed.
    """

    number: int | None
    paper: bool = False
    values: tuple[float, ...] = Field(min_length=1)


class Command(Settings):
    """A line for the shell, and what it does."""

    purpose: str
    line: str


class SearchContext(Settings):
    """Context of a search's report; unknown parts may be left out, and the report says so.

    Attributes:
        name: Of the search.
        study: Of the study.
        objectives: Names, one for each of ``TrialRow.values``; all are minimized.
        parameters: Full dotted path → what it may be, in the search file's order.
        paper: Number of the trial with the paper's setting.
        epochs: Of a trial that is not stopped.
        rungs: Epochs after which the pruner decides.
        random: For the comparison with a random search.
        importance: As ``facealign.search.importance`` computes it.
        confirmed: Best first.
        commands: How to use best.yaml.
        lineage: What made it: data digest, commit, versions, whatever is to be read there.
    """

    name: str
    study: str
    objectives: tuple[str, ...] = Field(default=("nme",), min_length=1)
    parameters: dict[str, ParameterRange] = Field(default_factory=dict)
    paper: int | None = 0
    epochs: int | None = None
    rungs: tuple[int, ...] = ()
    random: RandomTrials | None = None
    importance: Importance | None = None
    confirmed: tuple[ConfirmedSetting, ...] = ()
    commands: tuple[Command, ...] = ()
    lineage: dict[str, str] = Field(default_factory=dict)
