"""What a search came to, in words."""

from collections.abc import Sequence

import numpy as np
from scipy import stats

from facealign.report.search.best import finished, leaders
from facealign.report.search.confirmation import CONFIDENCE, mean_and_half_width, setting_name
from facealign.report.search.context import Confirmed, SearchContext
from facealign.report.search.objectives import unit_of
from facealign.search.row import TrialRow


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


def _difference(winner: Confirmed, paper: Confirmed, context: SearchContext) -> list[str]:
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
