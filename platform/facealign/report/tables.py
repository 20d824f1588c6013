"""Methods side by side, as a table on a terminal or as plain lines in a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO

from rich import box
from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, kw_only=True)
class ResultRow:
    """The results of a method. Errors, rates and areas are fractions.

    Attributes:
        method: Its name.
        validation_nme: By which the checkpoint was chosen.
        test_nme: Measured once, on faces that chose nothing.
        mean_shape_nme: What the mean shape of the training faces scores on the same test faces.
        failure_rate: Of the test faces, at the table's threshold.
        auc: Of the test faces, up to the table's threshold.
        parameters: Numbers in the network.
    """

    method: str
    validation_nme: float
    test_nme: float
    mean_shape_nme: float
    failure_rate: float
    auc: float
    parameters: int

    @property
    def ratio(self) -> float:
        """Test NME over the mean shape's: 1 is a network that has learned nothing of the single face."""
        return self.test_nme / self.mean_shape_nme


def results_table(rows: Sequence[ResultRow], threshold: float = 0.10) -> Table:
    """One line a method, in the order given; the lowest test NME is bold where the terminal has bold.

    Args:
        threshold: Of the failure rate and the AUC, a fraction; for the headings.
    """
    at = f"@{100 * threshold:g}"
    headings = ("val\nNME %", "test\nNME %", "mean\nshape %", "ratio", f"FR\n{at} %", f"AUC\n{at}", "parameters")
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", collapse_padding=True)
    table.add_column("method", overflow="fold", vertical="bottom")
    for heading in headings:
        table.add_column(heading, justify="right", overflow="fold", vertical="bottom")
    best = min((row.test_nme for row in rows), default=None)
    for row in rows:
        table.add_row(*_cells(row), style="bold" if row.test_nme == best and len(rows) > 1 else None)
    return table


def print_table(table: Table, stream: IO[str]) -> None:
    """Print a table: drawn on a terminal, elsewhere whole, as ASCII lines of one width without escape codes."""
    if stream.isatty():
        Console(file=stream).print(table)
        return
    plain = Console(file=stream, force_terminal=False, color_system=None, width=10_000)
    drawn = table.box, table.collapse_padding
    table.box, table.collapse_padding = box.ASCII2, False
    try:
        plain.print(table, crop=False)
    finally:
        table.box, table.collapse_padding = drawn


def _cells(row: ResultRow) -> tuple[str, ...]:
    return (
        row.method,
        f"{100 * row.validation_nme:.2f}",
        f"{100 * row.test_nme:.2f}",
        f"{100 * row.mean_shape_nme:.2f}",
        f"{row.ratio:.3f}",
        f"{100 * row.failure_rate:.1f}",
        f"{row.auc:.3f}",
        f"{row.parameters:,}",
    )
