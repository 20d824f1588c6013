"""A table trained again, as Markdown: the paper's numbers and ours side by side."""

from collections.abc import Iterator

from facealign.evaluation.papers.results import Reproduced, ReproducedCell, corrected
from facealign.evaluation.papers.table import Column, Printed, TableRow
from facealign.evaluation.papers.table_metrics import epoch_for

_NONE = "–"


def as_markdown(found: Reproduced) -> str:
    """The page: what it is, the table, how far its order is ours, what was different, and every mark explained."""
    table = found.table
    marks = _Marks()
    lines = [
        f"# {table.name}: {table.caption}",
        "",
        f"Table {table.table} of {table.paper}, and the same rows trained here. {_where(found)}",
        "",
        *_table(found, marks),
        "",
        *_comparison(found),
        "## Conditions",
        "",
        *_conditions(found),
        "",
    ]
    notes = [*marks.lines(), *(f"- {note}" for note in table.notes)]
    notes += [f"- {row.label}: {row.note}" for row in table.rows if row.note]
    notes += [f"- {label} failed: {cause}" for label, cause in found.failed.items()]
    return "\n".join([*lines, *(["## Notes", "", *notes, ""] if notes else [])])


class _Marks:
    """Numbers misprints in the order of their appearance."""

    def __init__(self) -> None:
        self._texts: list[str] = []

    def mark(self, row: TableRow, key: str) -> str:
        misprint = row.misprints.get(key)
        if misprint is None:
            return ""
        should = "" if misprint.reads is None else f"should read {misprint.reads:g}: "
        self._texts.append(f"Misprint ({row.label}): {should}{misprint.why}")
        return f" [{len(self._texts)}]"

    def lines(self) -> Iterator[str]:
        return (f"- [{number}] {text}" for number, text in enumerate(self._texts, start=1))


def _where(found: Reproduced) -> str:
    conditions = found.conditions
    if not conditions.stand_in:
        return f"Measured on {conditions.data}, the paper's data set."
    return (
        f"Measured on faces of `{conditions.source}` in place of {conditions.data}: only differences between rows "
        "can be compared with the paper's."
    )


def _table(found: Reproduced, marks: _Marks) -> Iterator[str]:
    heads, sides = [""], ["---"]
    for key, column in found.table.columns.items():
        name = f"{column.title}{_unit(column)}"
        own = [] if key in found.lacking else ["ours", "ours − paper"]
        heads += [f"{name}, paper", *own]
        sides += ["--:"] * (1 + len(own))
    yield _line(heads)
    yield f"|{'|'.join(sides)}|"
    for row in found.table.rows:
        yield _line([row.label, *_row(found, row, marks)])
    if found.mean_shape:
        yield _line(["*mean shape*", *_mean_shape(found)])


def _row(found: Reproduced, row: TableRow, marks: _Marks) -> Iterator[str]:
    for key, column in found.table.columns.items():
        yield _printed(row.printed[key], column) + marks.mark(row, key)
        if key in found.lacking:
            continue
        cell = found.ours.get(row.label, {}).get(key)
        reference = corrected(row, key)
        yield _NONE if cell is None else _ours(cell, column)
        yield _NONE if cell is None or reference is None else f"{cell.mean - reference:+.{column.decimals}f}"


def _mean_shape(found: Reproduced) -> Iterator[str]:
    for key, column in found.table.columns.items():
        yield _NONE
        if key not in found.lacking:
            value = found.mean_shape.get(key)
            yield from (_NONE if value is None else f"{value:.{column.decimals}f}", _NONE)


def _comparison(found: Reproduced) -> Iterator[str]:
    """Describe how far apart the rows are, and whether they are in the paper's order."""
    spreads = {key: spread for key in found.table.columns if (spread := found.spread(key)) is not None}
    for key, spread in spreads.items():
        column = found.table.columns[key]
        digits = column.decimals
        printed, ours = f"{spread.printed:.{digits}f}", f"{spread.ours:.{digits}f}"
        text = f"{column.title}: rows are {printed} apart in the paper, {ours} here"
        if spread.seeds is not None:
            text += f", where another seed changes a row by {spread.seeds:.{digits}f} (standard deviation)"
        if spread.rank_correlation is not None:
            text += f"; rank correlation of the rows {spread.rank_correlation:+.2f}"
        yield f"- {text}."
    if spreads and len(found.conditions.seeds) == 1:
        yield "- With one seed it is unknown how much of a difference between rows is chance."
    yield ""


def _conditions(found: Reproduced) -> Iterator[str]:
    conditions = found.conditions
    train, validation, test = conditions.faces
    stand_in = f", in place of {conditions.data}" if conditions.stand_in else ""
    yield (
        f"- Faces: `{conditions.source}`{stand_in}; {train} to train on, {validation} to steer by, {test} to test."
    )
    yield f"- Landmarks `{conditions.landmarks}`, crops of {conditions.crop} px."
    yield (
        f"- Preset `{conditions.preset}`: epochs {conditions.epochs}, batch size {conditions.batch_size}, "
        f"seeds {', '.join(map(str, conditions.seeds))}."
    )
    if found.table.runs > 1:
        yield f"- The paper's metrics are means of {found.table.runs} runs, ± their standard deviation."
    yield from _same_share(found)
    yield "- The epoch with the lowest validation NME is measured, once, on the test faces."
    yield f"- Code: {conditions.commit}."
    for key, why in found.lacking.items():
        yield f"- Not measured: {found.table.columns[key].title}, {why}."


def _same_share(found: Reproduced) -> Iterator[str]:
    """Which of our epochs stands beside which of the paper's."""
    of, ours = found.table.epochs, found.conditions.epochs
    epochs = dict.fromkeys(column.epoch for column in found.table.columns.values() if column.epoch is not None)
    if of is not None and epochs:
        pairs = ", ".join(f"{epoch_for(epoch, of, ours)} for {epoch}" for epoch in epochs)
        yield f"- Our epochs at the same share of the training: {pairs} of {of}."


def _printed(number: Printed, column: Column) -> str:
    if number is None:
        return _NONE
    if isinstance(number, tuple):
        return " ± ".join(_number(part, column) for part in number)
    return _number(number, column)


def _number(value: float, column: Column) -> str:
    """Format a number with the column's decimals, or with more where the paper prints more."""
    own = len(f"{value:.8f}".rstrip("0").partition(".")[2])
    return f"{value:.{max(column.decimals, own)}f}"


def _ours(cell: ReproducedCell, column: Column) -> str:
    mean = f"{cell.mean:.{column.decimals}f}"
    return mean if cell.sd is None else f"{mean} ± {cell.sd:.{column.decimals}f}"


def _unit(column: Column) -> str:
    return "" if column.unit == "1" else f" ({column.unit})"


def _line(entries: list[str]) -> str:
    escaped = (entry.replace("|", r"\|") for entry in entries)
    return f"| {' | '.join(escaped)} |"
