"""A paper's table as data: the printed numbers, and the settings of each row."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from facealign.config import Settings
from facealign.geometry import Normalizer

MetricName = Literal[
    "nme",
    "failure_rate",
    "auc",
    "normal_nme",
    "tangent_nme",
    "bias_rate",
    "parameters",
    "train_mse",
    "train_mse_foreground",
    "printed",
]
DataSet = Literal["300w", "300w_private", "wflw", "cofw", "aflw"]
Unit = Literal["%", "1", "M", "FPS"]

SCALE: dict[str, float] = {"%": 100.0, "1": 1.0, "M": 1e-6, "FPS": 1.0}
"""Factor from a fraction to each unit: errors, rates and areas are fractions."""

WITH_THRESHOLD = ("failure_rate", "auc")
AT_AN_EPOCH = ("train_mse", "train_mse_foreground")

Printed = float | tuple[float, float] | None
"""A number as printed; a mean and a standard deviation; or None where the paper has no number."""


class Column(Settings):
    """A column of a table."""

    title: str = Field(description="heading, without the unit")
    figure: MetricName = Field(
        description="what is measured on the test faces; train_… in the training; printed: nothing, it is quoted"
    )
    data: DataSet = Field(description="the data set of the paper's metric")
    subset: str | None = Field(default=None, description="official subset or attribute; null: all test faces")
    normalizer: Normalizer = Field(default="inter_ocular", description="what errors are divided by")
    threshold: float | None = Field(default=None, gt=0, le=1, description="NME, of failure_rate and auc")
    epoch: int | None = Field(default=None, ge=1, description="of the paper's training, of train_… metrics")
    unit: Unit = Field(default="%", description="of the printed numbers")
    decimals: int = Field(default=2, ge=0, le=8, description="of the numbers")
    faces: int | None = Field(default=None, ge=1, description="test faces that the paper measures on")

    @model_validator(mode="after")
    def _fitting(self) -> "Column":
        if (self.figure in WITH_THRESHOLD) != (self.threshold is not None):
            raise ValueError(f"a threshold belongs to {' and '.join(WITH_THRESHOLD)}, and to nothing else")
        if (self.figure in AT_AN_EPOCH) != (self.epoch is not None):
            raise ValueError(f"an epoch belongs to {' and '.join(AT_AN_EPOCH)}, and to nothing else")
        return self


class Misprint(Settings):
    """A printed number that cannot be right, and why."""

    why: str
    reads: float | None = Field(default=None, description="what it should be, where that is known")


class TableRow(Settings):
    """A row of a table."""

    label: str = Field(description="as printed")
    set: dict[str, Any] | None = Field(
        description="settings by dotted path below the method, model.… or train.…; null: another's method, quoted"
    )
    ellipses_of: str | None = Field(
        default=None,
        description="label of the row whose errors on the validation faces give each landmark its ellipse "
        "(ADNet, Table 14)",
    )
    curve: str | None = Field(
        default=None, description="boundary curve of the schema whose landmarks are measured; null: all landmarks"
    )
    printed: dict[str, Printed] = Field(description="by column")
    misprints: dict[str, Misprint] = Field(default_factory=dict, description="by column")
    note: str = Field(default="", description="what had to be interpreted")


class PaperTable(Settings):
    """A table of one paper."""

    paper: str = Field(description="authors, short title, venue")
    table: int = Field(ge=1, description="its number there")
    method: str = Field(description="name of the method that the rows are settings of")
    caption: str = Field(description="what it shows, in our words")
    common: dict[str, Any] = Field(default_factory=dict, description="settings of every row, as in `set`")
    runs: int = Field(default=1, ge=1, description="trainings that each printed metric is the mean of")
    epochs: int | None = Field(
        default=None, ge=1, description="of the paper's training; columns with an epoch need it"
    )
    columns: dict[str, Column] = Field(min_length=1)
    rows: tuple[TableRow, ...] = Field(min_length=1)
    notes: tuple[str, ...] = Field(default=(), description="on the table as a whole")

    @model_validator(mode="after")
    def _check(self) -> "PaperTable":
        broken = list(_broken(self))
        if broken:
            details = [
                # An empty mapping for input: the message says itself what was found.
                InitErrorDetails(type=PydanticCustomError("table", "{rule}", {"rule": rule}), loc=at, input={})
                for at, rule in broken
            ]
            raise ValidationError.from_exception_data("PaperTable", details)
        return self

    @property
    def name(self) -> str:
        """``awing-5``."""
        return f"{self.method}-{self.table}"

    @property
    def trained(self) -> tuple[TableRow, ...]:
        """The rows that are trained and measured; the others are quoted."""
        return tuple(row for row in self.rows if row.set is not None)

    def settings(self, row: TableRow) -> dict[str, Any]:
        """All settings of a row by full dotted path of params.yaml: the common ones, then those of its own."""
        settings = {**self.common, **(row.set or {})}
        return {f"method.{self.method}.{path}": deepcopy(value) for path, value in settings.items()}


def printed_mean(number: Printed) -> float | None:
    """The printed number without its spread."""
    return number[0] if isinstance(number, tuple) else number


def _broken(table: PaperTable) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """List every rule that is broken between the parts of a table, with its location."""
    yield from _broken_paths(table.common, ("common",))
    if table.epochs is None:
        for key, column in table.columns.items():
            if column.epoch is not None:
                yield ("columns", key, "epoch"), "say under `epochs` how many the paper trains in all"
    labels = [row.label for row in table.rows]
    for number, row in enumerate(table.rows):
        at = ("rows", number)
        if labels.index(row.label) < number:
            yield (*at, "label"), f"an earlier row has the label {row.label!r} as well"
        yield from _broken_paths(row.set or {}, (*at, "set"))
        yield from _broken_numbers(table, row, at)
        if row.ellipses_of is not None and row.ellipses_of not in labels[:number]:
            yield (*at, "ellipses_of"), f"no earlier row has the label {row.ellipses_of!r}"


def _broken_paths(
    settings: dict[str, Any], at: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for path in settings:
        if not path.startswith(("model.", "train.")):
            yield (*at, path), "a setting of a row is model.… or train.… of its method"


def _broken_numbers(
    table: PaperTable, row: TableRow, at: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for key in row.printed.keys() - table.columns.keys():
        yield (*at, "printed", key), f"there is no column {key!r}; columns are: {', '.join(table.columns)}"
    quoted = [key for key in table.columns if key not in row.printed]
    if quoted:
        yield (*at, "printed"), f"nothing is said of {', '.join(quoted)}; write null where the paper has no number"
    for key in row.misprints.keys() - {key for key, value in row.printed.items() if value is not None}:
        yield (*at, "misprints", key), f"no number is printed for {key!r}"
