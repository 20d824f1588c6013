"""What the report comes to, in sentences."""

from collections.abc import Iterator, Sequence

from facealign.report.comparison.differences import Difference, best_of
from facealign.report.comparison.run import Run


def verdict(runs: Sequence[Run], found: Sequence[Difference], normaliser: str) -> Iterator[str]:
    """Which run is best, and which of the others cannot be told from it."""
    best = best_of(runs)
    mean, low, high = best.figures["full"]["nme"]
    what = "the lowest NME" if len(runs) > 1 else "an NME"
    yield (
        f"{best.name} has {what}: {100 * mean:.2f} % of the {normaliser.replace('_', '-')} distance "
        f"({100 * low:.2f} – {100 * high:.2f}) on {len(best.errors)} faces of {len(set(best.photos))} photos."
    )
    for one in found:
        points, lower, upper = (f"{100 * part:+.2f}".replace("-", "−") for part in one.nme)
        chance = "beyond chance" if one.is_beyond_chance else "not to be told from chance"
        yield f"{one.run}: {points} points on the same faces ({lower} … {upper}), {chance}."
    compared = {one.run for one in found} | {best.name}
    for run in runs:
        if run.name not in compared:
            yield f"{run.name} has no face in common with {best.name}, and cannot be compared with it."
    yield "Intervals have 95 % confidence: bootstrap over photos. They say nothing of another training's luck."
