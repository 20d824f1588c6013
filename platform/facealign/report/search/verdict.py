"""The verdict of a search as text."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from scipy import stats

from facealign.config import UserError
from facealign.report.search.best import finished, leaders
from facealign.report.search.context import ConfirmedSetting, SearchContext
from facealign.report.search.words import unit_of
from facealign.report.style import FONT, INK, MUTED, PAPER, SERIES, SMALL_SIZE, WIDTH, new_figure, style_axes
from facealign.search.trial_row import TrialRow

# The best settings trained again with fresh seeds, beside the paper's.


CONFIDENCE = 0.95


def mean_and_half_width(values: Sequence[float]) -> tuple[float, float | None]:
    """The mean, and half the 95 % interval of the mean by Student's t; None where there is one value alone."""
    mean = math.fsum(values) / len(values)
    if len(values) < 2:
        return mean, None
    error = float(np.std(values, ddof=1)) / math.sqrt(len(values))
    return mean, float(stats.t.ppf((1 + CONFIDENCE) / 2, len(values) - 1)) * error


def setting_name(confirmed: ConfirmedSetting) -> str:
    """The name of a setting."""
    trial = "" if confirmed.number is None else f"trial {confirmed.number}"
    return ", ".join(part for part in ("paper's setting" if confirmed.paper else "", trial) if part) or "a setting"


def confirmation(rows: Sequence[TrialRow], context: SearchContext) -> Figure:
    """Mean and 95 % interval for each setting, its seeds as dots; an upright line at the paper's mean.

    Raises:
        UserError: Nothing was trained again.
    """
    if not context.confirmed:
        raise UserError("no setting was trained again with fresh seeds (confirm in the search file)")
    unit = unit_of(context.objectives[0])
    figure = new_figure(WIDTH, 1.35 + 0.5 * len(context.confirmed))
    axes = figure.subplots()
    style_axes(axes, "Confirmed with fresh seeds", f"{unit.label} (bars: 95 % interval, dots: seeds)", "")
    for place, confirmed in enumerate(context.confirmed):
        seeds = unit.scale * np.array(confirmed.values)
        mean, half = mean_and_half_width([float(value) for value in seeds])
        color = INK if confirmed.paper else SERIES[0]
        axes.plot(seeds, np.full(len(seeds), place + 0.2), "o", markersize=3.5, color=MUTED, markeredgewidth=0)
        axes.errorbar(
            mean,
            place,
            xerr=half,
            fmt="D" if confirmed.paper else "o",
            color=color,
            markersize=7,
            markerfacecolor=PAPER if confirmed.paper else color,
            capsize=4,
            linewidth=1.6,
        )
        spread = "" if half is None else f" ± {half:{unit.digits}}"
        axes.annotate(
            f"{mean:{unit.digits}}{spread}",
            (mean, place),
            xytext=(0, 8),
            textcoords="offset points",
            ha="center",
            fontsize=SMALL_SIZE,
            color=INK,
            family=FONT,
            bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 0.5},
        )
        if confirmed.paper:
            axes.axvline(mean, color=INK, linewidth=0.9, linestyle=(0, (4, 3)), zorder=0)
    axes.set_yticks(range(len(context.confirmed)), [setting_name(confirmed) for confirmed in context.confirmed])
    axes.tick_params(axis="y", colors=INK)
    axes.grid(visible=False, axis="y")
    axes.set_ylim(len(context.confirmed) - 0.4, -0.6)
    axes.margins(x=0.1)
    return figure


def verdict(rows: Sequence[TrialRow], context: SearchContext) -> list[str]:
    """Sentences, the weightiest first."""
    return [*_confirmed(context), *_found(rows, context)]


def values_text(row: TrialRow, context: SearchContext) -> str:
    """A finished trial's values by name, with their units."""
    return ", ".join(
        f"{unit.name} {unit.text(value)}"
        for unit, value in zip(map(unit_of, context.objectives), row.values, strict=True)
    )


def _found(rows: Sequence[TrialRow], context: SearchContext) -> list[str]:
    best = leaders(rows)
    if not best:
        return ["No trial has finished."]
    if len(context.objectives) > 1:
        shown = "; ".join(f"trial {row.number}: {values_text(row, context)}" for row in best[:5])
        more = "" if len(best) <= 5 else f"; and {len(best) - 5} more"
        return [f"{len(best)} trials are on the Pareto front: {shown}{more}."]
    sentences = [f"Best trial: {best[0].number}, {values_text(best[0], context)}, with one seed."]
    paper = next((row for row in finished(rows) if row.number == context.paper), None)
    if paper is not None:
        sentences.append(f"The paper's setting, trial {paper.number}: {values_text(paper, context)}.")
    return sentences


def _confirmed(context: SearchContext) -> list[str]:
    if not context.confirmed:
        return []
    unit = unit_of(context.objectives[0])
    sentences = []
    winner = next((one for one in context.confirmed if not one.paper), None)
    paper = next((one for one in context.confirmed if one.paper), None)
    for one in filter(None, (winner, paper)):
        mean, half = mean_and_half_width(one.values)
        spread = "" if half is None else f" ± {unit.scale * half:{unit.digits}}"
        seeds = f"{len(one.values)} fresh seeds" if len(one.values) > 1 else "one fresh seed"
        figure = f"{unit.name} {unit.scale * mean:{unit.digits}}{spread}{unit.sign}"
        sentences.append(f"Confirmed: {setting_name(one)}, {figure} ({seeds}).")
    if winner and paper:
        sentences.extend(_difference(winner, paper, context))
    return sentences


def _difference(winner: ConfirmedSetting, paper: ConfirmedSetting, context: SearchContext) -> list[str]:
    """Welch's interval of the difference of the means; nothing where seeds are too few to have a spread."""
    samples = [np.array(one.values) for one in (winner, paper)]
    if any(len(sample) < 2 or np.ptp(sample) == 0 for sample in samples):
        return []
    unit = unit_of(context.objectives[0])
    found = stats.ttest_ind(*samples, equal_var=False)
    low, high = found.confidence_interval(CONFIDENCE)
    means = f"{unit.scale * (samples[0].mean() - samples[1].mean()):+{unit.digits}}"
    span = f"{unit.scale * low:+{unit.digits}} to {unit.scale * high:+{unit.digits}}"
    sign = " percentage points" if unit.sign == " %" else unit.sign
    says = "the seeds tell the two apart" if low * high > 0 else "the seeds do not tell the two apart"
    words = f"Difference to the paper's setting: {means}{sign}, 95 % interval {span} (Welch): {says}."
    return [words.replace("-", "−")]
