"""The report's tables as plain text: a row for each metric or set of faces, a column for each run."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from facealign.metrics import Ellipses
from facealign.report.comparison.differences import Difference, Estimated
from facealign.report.comparison.published import PublishedTable
from facealign.report.comparison.run import Metrics, ReportRun

_NONE = "–"


@dataclass(frozen=True)
class TableCell:
    """A number as it is shown; ``note`` stands small below it."""

    text: str
    note: str = ""
    best: bool = False


@dataclass(frozen=True)
class Table:
    """A table; the first column is the name of the line, and ``notes`` are sentences below."""

    headings: tuple[str, ...]
    lines: tuple[tuple[str, tuple[TableCell, ...]], ...]
    caption: str = ""
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class _Unit:
    """How a metric is written."""

    label: str
    scale: float = 100.0
    digits: int = 2
    higher_is_better: bool | None = False


def unit_of(name: str) -> _Unit:
    """Return the unit of a metric by its flat name."""
    start, _, rest = name.partition("_")
    if name in _NAMED:
        return _NAMED[name]
    if start == "fr":
        return _Unit(f"FR at {rest} %, %")
    if start == "auc":
        return _Unit(f"AUC to {rest} %", scale=1.0, digits=3, higher_is_better=True)
    return _Unit(f"NME by {rest.replace('_', '-')}, %")


_NAMED = {
    "nme": _Unit("NME, %"),
    "nme_visible": _Unit("NME of visible landmarks, %"),
    "nme_hidden": _Unit("NME of hidden landmarks, %"),
    "edge_nme": _Unit("NME on the edges, %"),
    "normal_nme": _Unit("NME across the edges, %"),
    "tangent_nme": _Unit("NME along the edges, %"),
    "bias_rate": _Unit("bias rate, %", digits=1, higher_is_better=None),
    "pck": _Unit("PCK, %", higher_is_better=True),
}


def main_names(metrics: Metrics, threshold: float) -> list[str]:
    """The metrics that head a report: NME, failures, area, across and along the edges."""
    at = f"{100 * threshold:g}"
    wanted = ("nme", f"fr_{at}", f"auc_{at}", "pck", "normal_nme", "tangent_nme", "bias_rate")
    return [name for name in wanted if name in metrics["full"]]


def metric_table(runs: Sequence[ReportRun], names: Iterable[str]) -> Table:
    """Metrics of all faces."""
    lines = [(unit_of(name).label, _row(name, [run.metrics["full"].get(name) for run in runs])) for name in names]
    return Table(("", *(run.name for run in runs)), tuple(lines))


def main_table(runs: Sequence[ReportRun], names: Iterable[str]) -> Table:
    """The metrics that head a report, and what a model has that has learned nothing of the single face."""
    table = metric_table(runs, names)
    if all(run.mean_shape is None for run in runs):
        return table
    cells = (TableCell(_NONE if run.mean_shape is None else f"{100 * run.mean_shape:.2f}") for run in runs)
    return replace(table, lines=(*table.lines, ("NME of the mean shape, %", tuple(cells))))


def other_names(runs: Sequence[ReportRun], main: Sequence[str]) -> list[str]:
    """List all other metrics, in the order of the runs."""
    found = dict.fromkeys(name for run in runs for name in run.metrics["full"] if name != "faces")
    return [name for name in found if name not in main]


def subset_table(runs: Sequence[ReportRun], kind: str) -> Table | None:
    """NME by official subset (``subsets``) or by label (``attributes``); None where the faces have none."""
    names = dict.fromkeys(name for run in runs for name in run.metrics[kind])
    if not names:
        return None
    lines = []
    for name in names:
        found = [run.metrics[kind].get(name, {}) for run in runs]
        count = next(metrics["faces"] for metrics in found if metrics)
        lines.append((f"{name}, {count} faces", _row("nme", [metrics.get("nme") for metrics in found])))
    return Table(("NME, %", *(run.name for run in runs)), tuple(lines))


def edge_table(run: ReportRun) -> Table | None:
    """Errors whole, across and along each edge; None where the schema has no edge."""
    names = ("nme", "normal_nme", "tangent_nme", "bias_rate")
    lines = [
        (edge, tuple(_estimate_cell(name, metrics.get(name)) for name in names))
        for edge, metrics in run.metrics["edges"].items()
    ]
    if not lines:
        return None
    whole = run.metrics["full"]
    lines.append(("all edges", tuple(_estimate_cell(name, whole.get(name)) for name in ("edge_nme", *names[1:]))))
    return Table(("edge", "NME, %", "across, %", "along, %", "bias rate, %"), tuple(lines))


def difference_table(found: Sequence[Difference], best: str, threshold: float) -> Table:
    """Tabulate the differences of all runs to the best one."""
    at = f"{100 * threshold:g} %"
    lines = [
        (
            one.run,
            (
                _difference_cell(one.nme, 100, 2),
                _difference_cell(one.failure_rate, 100, 2),
                _difference_cell(one.auc, 1, 3),
                TableCell(f"{100 * one.worse:.0f}"),
                TableCell(str(one.faces)),
            ),
        )
        for one in found
    ]
    headings = (f"minus {best}", "NME, %", f"FR at {at}, %", f"AUC to {at}", "worse on, %", "faces")
    return Table(headings, tuple(lines))


def published_table(found: PublishedTable) -> Table:
    """The papers' rows, then the runs'; a misprint is marked, and says why."""
    names = {"nme": "NME", "failure_rate": "FR", "auc": "AUC"}
    at = "" if found.threshold is None else f" at {100 * found.threshold:g} %"
    lines: list[tuple[str, tuple[TableCell, ...]]] = []
    notes = []
    for row in found.rows:
        cells = []
        for subset in found.subsets:
            number = row.numbers.get(subset)
            if number is not None and number.why:
                notes.append(f"{row.label} ({row.source}), {subset or 'full'} {number.text}: {number.why}.")
            cells.append(TableCell(_NONE) if number is None else TableCell(number.text + "*" * bool(number.why)))
        lines.append((f"{row.label} · {row.source}", tuple(cells)))
    for name, own in found.runs.items():
        of_run = [own.get(subset) for subset in found.subsets]
        lines.append(
            (
                f"{name} · here",
                tuple(
                    TableCell(_NONE)
                    if one is None
                    else TableCell(
                        f"{one.value:.2f}", f"{one.low:.2f} – {one.high:.2f}; {one.faces} faces", best=True
                    )
                    for one in of_run
                ),
            )
        )
    if notes:
        notes.insert(0, "* cannot be right, by arithmetic:")
    if not found.is_comparable:
        notes.insert(
            0, "Measured here on other or fewer faces than the papers': these numbers cannot be compared."
        )
    counts = (
        f"{subset or 'full'} ({faces})" if faces else subset or "full" for subset, faces in found.subsets.items()
    )
    caption = f"{names[found.figure]}{at}, %, by {found.normalizer.replace('_', '-')}"
    return Table(("", *counts), tuple(lines), caption, tuple(notes))


def ellipse_table(run: ReportRun, ellipses: Ellipses, angles_N: NDArray[np.float64]) -> Table:
    """The ellipse of each landmark."""
    lines = []
    for i in range(run.schema.size):
        long, short = 100 * ellipses.radii[i]
        away = 100 * float(np.hypot(*ellipses.centers[i]))
        angle = _NONE if np.isnan(angles_N[i]) else f"{angles_N[i]:.0f}°"
        texts = (f"{long:.2f}", f"{short:.2f}", f"{ellipses.anisotropy[i]:.2f}", angle, f"{away:.2f}")
        lines.append((str(i), tuple(map(TableCell, texts))))
    return Table(("landmark", "a, %", "b, %", "λ", "axis to edge", "mean off by, %"), tuple(lines))


def cost_table(runs: Sequence[ReportRun]) -> Table | None:
    """Tabulate the cost of the models; None where no run has a model."""
    priced = [run for run in runs if run.cost is not None]
    if not priced:
        return None
    costs = [run.cost for run in priced if run.cost is not None]
    rows: Mapping[str, list[str]] = {
        "parameters, M": [f"{cost.parameters / 1e6:.2f}" for cost in costs],
        "multiply-accumulates a face, G": [f"{cost.macs / 1e9:.3g}" for cost in costs],
        "a face alone, ms": [_NONE if cost.milliseconds is None else f"{cost.milliseconds:.1f}" for cost in costs],
        "training, hours": [_NONE if cost.hours is None else f"{cost.hours:.2g}" for cost in costs],
    }
    lines = tuple((label, tuple(map(TableCell, texts))) for label, texts in rows.items())
    machines = dict.fromkeys(cost.machine for cost in costs if cost.machine)
    notes = tuple(f"Time of a face in a batch of one on {machine}." for machine in machines)
    return Table(("", *(run.name for run in priced)), lines, notes=notes)


def stability_table(runs: Sequence[ReportRun]) -> Table:
    """Tabulate the stability of the runs' landmarks."""
    measured = {run.name: run.robustness for run in runs if run.robustness is not None}

    def row(pairs: Iterable[tuple[float, tuple[float, float]]]) -> tuple[TableCell, ...]:
        return tuple(TableCell(f"{mean:.2f}", f"{low:.2f} – {high:.2f}") for mean, (low, high) in pairs)

    def percent(mean: float, interval: tuple[float, float]) -> tuple[float, tuple[float, float]]:
        return 100 * mean, (100 * interval[0], 100 * interval[1])

    found = list(measured.values())
    lines = (
        ("one pixel of shift, px", row((one.shifts.pixels.mean, one.shifts.pixels.interval) for one in found)),
        ("the same, %", row(percent(one.shifts.share.mean, one.shifts.share.interval) for one in found)),
        ("mirrored, %", row(percent(one.flip.share.mean, one.flip.share.interval) for one in found)),
        ("NME as they are, %", row(percent(one.plain.mean, one.plain.interval) for one in found)),
        ("NME mirrored, %", row(percent(one.flip.nme.mean, one.flip.nme.interval) for one in found)),
        (
            "NME of both's mean, %",
            row(percent(one.flip.nme_of_mean.mean, one.flip.nme_of_mean.interval) for one in found),
        ),
    )
    return Table(("", *measured), lines)


def _row(name: str, values: Sequence[Sequence[float] | None]) -> tuple[TableCell, ...]:
    """Cells of one metric, the best of several in bold."""
    better = unit_of(name).higher_is_better
    known = [value[0] for value in values if value is not None]
    best = None if better is None or len(known) < 2 else (max(known) if better else min(known))
    return tuple(_estimate_cell(name, value, value is not None and value[0] == best) for value in values)


def _estimate_cell(name: str, value: Sequence[float] | None, best: bool = False) -> TableCell:
    if value is None:
        return TableCell(_NONE)
    unit = unit_of(name)
    mean, low, high = (f"{unit.scale * part:.{unit.digits}f}".replace("-", "−") for part in value)
    return TableCell(mean, f"{low} – {high}", best)


def _difference_cell(value: Estimated, scale: float, digits: int) -> TableCell:
    mean, low, high = (f"{scale * part:+.{digits}f}".replace("-", "−") for part in value)
    return TableCell(mean, f"{low} … {high}")
