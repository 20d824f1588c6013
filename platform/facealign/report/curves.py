"""Plots of learning curves and cumulative error distributions."""

import csv
import os
from collections.abc import Iterable, Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from facealign.config import UserError
from facealign.metrics import auc
from facealign.metrics import ced as share_within
from facealign.report.style import (
    INK,
    MEAN_SHAPE,
    MONOSPACE,
    MUTED,
    PAPER,
    SERIES,
    SMALL_SIZE,
    new_figure,
    style_axes,
)


def learning_curve(history: Sequence[Mapping[str, Any]]) -> Figure:
    """Training loss and validation NME over the epochs, the best epoch marked.

    Args:
        history: One mapping an epoch, with ``epoch``, ``loss`` and ``validation_nme``: a fraction, None where it
            was not measured.

    Raises:
        UserError: No epoch is finished and measured.
    """
    measured = [record for record in history if record["validation_nme"] is not None]
    if not measured:
        raise UserError("a learning curve needs a measured epoch; the history has none")
    epochs, loss = (np.array([record[key] for record in history]) for key in ("epoch", "loss"))
    measured_epochs, nme = (np.array([record[key] for record in measured]) for key in ("epoch", "validation_nme"))
    figure = new_figure(9.0, 3.6)
    left, right = figure.subplots(1, 2)
    look = {"linewidth": 1.6, "marker": "o", "markersize": 3.0 if len(epochs) <= 40 else 0.0}
    left.plot(epochs, loss, color=SERIES[0], **look)
    right.plot(measured_epochs, 100 * nme, color=SERIES[0], **look)
    style_axes(left, "Training loss", "epoch", "loss")
    style_axes(right, "Validation NME", "epoch", "NME, %")
    for axes in (left, right):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.margins(y=0.12)
    _mark_best(right, measured_epochs, 100 * nme)
    return figure


def ced(curves: Mapping[str, NDArray[np.float64]], threshold: float) -> Figure:
    """Cumulative error distributions, from 0 to ``threshold``.

    Args:
        curves: (F,) NMEs (fractions) by name, in the legend's order; ``style.MEAN_SHAPE`` is drawn gray, dashed.
        threshold: A fraction; the AUC in the legend is up to it.

    Raises:
        UserError: There is no curve; or as ``metrics.auc`` does.
    """
    if not curves:
        raise UserError("a CED needs the errors of at least one method; there are none")
    figure = new_figure(6.4, 4.0 + 0.19 * len(curves))
    axes = figure.subplots()
    colors = cycle(SERIES)
    longest = max(len(name) for name in curves)
    for name, nme_F in curves.items():
        steps = np.concatenate([[0.0], np.sort(nme_F[nme_F < threshold]), [threshold]])
        baseline = name == MEAN_SHAPE
        axes.plot(
            100 * steps,
            share_within(nme_F, steps),
            drawstyle="steps-post",
            color=MUTED if baseline else next(colors),
            linestyle=(0, (5, 3)) if baseline else "-",
            linewidth=1.4 if baseline else 1.8,
            label=f"{name:<{longest}} {100 * nme_F.mean():7.2f} {auc(nme_F, threshold):7.3f}",
            clip_on=False,
        )
    style_axes(axes, "Cumulative error distribution", "NME, %", "faces with at most this NME")
    axes.set(xlim=(0, 100 * threshold), ylim=(0, 1))
    axes.yaxis.set_major_formatter(PercentFormatter(xmax=1, symbol=" %"))
    auc_name = f"AUC@{100 * threshold:g}"
    _legend_below(figure, f"{'':<{longest}} {'NME %':>7} {auc_name:>7}")
    return figure


def _mark_best(axes: Any, epochs: NDArray[np.int64], nme_percent: NDArray[np.float64]) -> None:
    best = int(np.argmin(nme_percent))
    x, y = epochs[best], nme_percent[best]
    axes.plot(x, y, "o", color=SERIES[1], markersize=7, markeredgecolor=PAPER, markeredgewidth=1.2, zorder=3)
    axes.set_title(f"best {y:.2f} %, epoch {x}", loc="right", fontsize=SMALL_SIZE, color=SERIES[1], pad=10)


def _legend_below(figure: Figure, heading: str) -> None:
    """A table under the axes: within, it would cover curves that fail."""
    type_ = {"family": MONOSPACE, "size": SMALL_SIZE}
    legend = figure.legend(
        loc="outside lower center",
        frameon=False,
        labelcolor=INK,
        prop=type_,
        title=heading,
        title_fontproperties=type_,
        alignment="right",
    )
    legend.get_title().set_color(MUTED)


# The numbers behind the plots as CSV, in the form that ``dvc plots`` draws and compares between revisions.


_POINTS = 201


def write_ced_csv(path: Path, curves: Mapping[str, NDArray[np.float64]], limit: float = 0.10) -> None:
    """Write CEDs on one even grid of NMEs from 0 to ``limit``, both ends included.

    The x column is ``nme_percent``; each method has a y column with the share of faces, 0…1.

    Args:
        curves: (F,) NMEs (fractions) by name; spaces in a name become ``_``, so that dvc.yaml can name the column.

    Raises:
        UserError: There is no curve, or as ``metrics.ced`` does.
    """
    if not curves:
        raise UserError(f"{path}: there are no errors to write a distribution of; evaluate a method first")
    grid = np.linspace(0, limit, _POINTS)
    columns = [share_within(nme_F, grid) for nme_F in curves.values()]
    header = ["nme_percent", *(name.replace(" ", "_") for name in curves)]
    write_csv(
        path,
        header,
        ([f"{100 * x:.6g}", *(f"{y:.6f}" for y in row)] for x, *row in zip(grid, *columns, strict=True)),
    )


def write_history_csv(path: Path, history: Sequence[Mapping[str, Any]]) -> None:
    """Write one row an epoch; the columns are the keys of the first.

    Floats are written so that they read back to the same bits; what is None is an empty cell.

    Raises:
        UserError: No epoch is finished, or a record has other keys than the first.
    """
    if not history:
        raise UserError(f"{path}: a history needs a finished epoch; it is empty")
    header = list(history[0])
    for record in history:
        if set(record) != set(header):
            raise UserError(
                f"{path}: a record with {sorted(record)} among records with {sorted(header)}; use one set"
            )
    write_csv(path, header, ([record[key] for key in header] for record in history))


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a CSV file atomically; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    os.replace(partial, path)
