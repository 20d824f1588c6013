"""Robustness as curves: a panel for each perturbation, a line for each model."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from facealign.config import UserError
from facealign.evaluation.perturbations import PERTURBATIONS
from facealign.evaluation.robustness import Robustness
from facealign.report.curves import write_csv
from facealign.report.page import png_of, write_whole
from facealign.report.style import SERIES, TEXT_SIZE, WIDTH, legend_below, new_figure, style_axes

_COLUMNS = 2


def robustness_plot(found: Mapping[str, Robustness]) -> Figure:
    """NME by strength with its 95 % interval, for each perturbation that was measured.

    The line begins at the faces as they are.

    Args:
        found: By the name of the model, in the order of the colors.

    Raises:
        UserError: Nothing was measured.
    """
    kinds = [kind for kind in PERTURBATIONS if any(kind in one.curves for one in found.values())]
    if not kinds:
        raise UserError("robustness has no curve; measure it with `facealign robustness`")
    rows = math.ceil(len(kinds) / _COLUMNS)
    figure = new_figure(WIDTH, 1.9 * rows + 0.3)
    panels = figure.subplots(rows, _COLUMNS, squeeze=False).ravel()
    for axes, kind in zip(panels, kinds, strict=False):
        _panel(axes, kind, found)
    for axes in panels[len(kinds) :]:
        axes.set_axis_off()
    legend_below(figure, [Line2D([], [], label=name, **_look(i)) for i, name in enumerate(found)])
    return figure


def _look(number: int) -> dict[str, Any]:
    return {
        "color": SERIES[number % len(SERIES)],
        "marker": "os^Dv"[number % 5],
        "markersize": 3.5,
        "linewidth": 1.4,
    }


def _panel(axes: Any, kind: str, found: Mapping[str, Robustness]) -> None:
    perturbation = PERTURBATIONS[kind]
    for number, one in enumerate(found.values()):
        places = [(perturbation.neutral, one.plain)]
        places += [(point.strength, point.nme) for point in one.curves.get(kind, ())]
        places.sort(key=lambda place: place[0])
        strengths = [strength for strength, _ in places]
        low, mean, high = 100 * np.array([(e.interval[0], e.mean, e.interval[1]) for _, e in places]).T
        look = _look(number)
        axes.fill_between(strengths, low, high, color=look["color"], alpha=0.15, linewidth=0)
        axes.plot(strengths, mean, **look)
    style_axes(axes, perturbation.title, perturbation.unit, "NME, %")
    axes.title.set_fontsize(TEXT_SIZE)
    axes.yaxis.set_major_locator(MaxNLocator(4, min_n_ticks=2))
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.set_ylim(bottom=0)
    if perturbation.neutral > max(perturbation.strengths):
        axes.invert_xaxis()  # the stronger, the further to the right, as in the other panels


# ``robustness.json``, ``robustness.csv`` and ``robustness.png``.


FILE = "robustness.json"


def write_robustness(folder: Path, found: Robustness) -> None:
    """Write the three files into ``folder``, which is made; the JSON comes last.

    The table has a row for each perturbation and strength; the first is ``none``, the faces as they are.
    """
    header = ["kind", "strength", "nme", "nme_low", "nme_high", "rise", "rise_low", "rise_high", "failure_rate"]
    rows: list[list[str | float]] = [
        ["none", 0.0, found.plain.mean, *found.plain.interval, 0.0, 0.0, 0.0, found.plain_failure_rate]
    ]
    for kind, points in found.curves.items():
        for one in points:
            errors = [one.nme.mean, *one.nme.interval, one.rise.mean, *one.rise.interval]
            rows.append([kind, one.strength, *errors, one.failure_rate])
    write_csv(folder / "robustness.csv", header, rows)
    if found.curves:
        write_whole(folder / "robustness.png", png_of(robustness_plot({found.method: found})))
    write_whole(folder / FILE, (found.model_dump_json(indent=2) + "\n").encode())


def read_robustness(folder: Path) -> Robustness | None:
    """Read the file of ``write_robustness``; None where there is none.

    Raises:
        UserError: The file is not of this form.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        return Robustness.model_validate_json(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{path}: is no measurement of robustness ({error}); measure it again") from None


# Robustness of a trained model: rotated, blurred, occluded, dark images, and the stability of its landmarks.
#
# ``measure.measure_robustness`` measures, ``write.write_robustness`` writes what was found.
