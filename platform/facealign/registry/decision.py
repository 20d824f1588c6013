"""The promotion gate: decides from the errors of two models on the same faces whether one replaces the other.

Both are resampled together, photo by photo (``metrics.bootstrap``), so that a hard photo is hard for both. Of R
drawings, with d the drawn mean of candidate − rival, r that of the rival, γ ``min_gain``, λ ``allowed_loss``, φ
``allowed_failures``:

    better  p = (1 + #{d ≥ −γ·r}) / (1 + R)     NME of all faces: the chance of such a gain were there none
    worse   p = (1 + #{d ≤ λ·r}) / (1 + R)      NME of a subset: the chance of such a loss were there none
            p = (1 + #{d ≤ φ}) / (1 + R)        failure rate, of all faces and of a subset

The candidate passes if *better* has p ≤ α = (1 − level)/2 and no *worse* has. There are many of those: among 20 a
harmless one is found below α in two cases of five. So they are adjusted by Holm (Scand. J. Statist. 6, 1979): all
together claim a loss that is none with a chance of α at most, whatever they have in common. ``better`` is one
question, and needs no adjustment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from facealign.config import UserError
from facealign.metrics.bootstrap import resampled_means
from facealign.registry.config import GateLimits

ALL = "all"
"""The set of all faces."""

MetricName = Literal["nme", "failure_rate"]
Rule = Literal["better", "no better", "worse somewhere", "too few photos"]
Verdict = Literal["better", "no better", "worse", "no worse", "too few photos"]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Candidate and rival by one metric on one set of faces; fractions.

    Attributes:
        faces: In the set, on ``photos`` photos.
        low: Lower end of the interval of ``candidate − rival``; None where there are too few photos.
        high: Its upper end.
        p: Of the question that ``verdict`` answers, adjusted where there are several.
    """

    set: str
    figure: MetricName
    faces: int
    photos: int
    candidate: float
    rival: float
    low: float | None = None
    high: float | None = None
    p: float | None = None
    verdict: Verdict = "too few photos"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The gate's decision.

    Attributes:
        rule: What decided.
        identical: Whether the two have the same error on every face.
        failure_threshold: NME above which a face has failed.
        comparisons: Of all faces, by NME and by failure rate; then of each subset.
    """

    rule: Rule
    identical: bool
    failure_threshold: float
    limits: GateLimits
    comparisons: tuple[Comparison, ...]

    @property
    def promoted(self) -> bool:
        """Whether the candidate is promoted."""
        return self.rule == "better"

    @property
    def nme(self) -> Comparison:
        """The comparison of the NME over all faces."""
        return self.comparisons[0]

    @property
    def worse(self) -> tuple[Comparison, ...]:
        """The comparisons in which the candidate is significantly worse."""
        return tuple(comparison for comparison in self.comparisons if comparison.verdict == "worse")


def decide(
    candidate: NDArray[np.float64],
    rival: NDArray[np.float64],
    photos: Sequence[str],
    groups: Mapping[str, NDArray[np.bool_]],
    failure_threshold: float,
    limits: GateLimits,
) -> Decision:
    """Whether the candidate is significantly better than its rival, and significantly worse on no subset.

    Args:
        candidate: (F,) NME of each face.
        rival: (F,) likewise, of the same faces.
        photos: The F photos that they are of.
        groups: (F,) masks by name, which may overlap. A set of fewer than ``limits.min_photos`` photos is reported
            and decides nothing.
        failure_threshold: NME above which a face has failed.

    Raises:
        UserError: There is no face, an error is not finite, the lengths differ, or ``limits.repeats`` are too few
            to find anything significant among so many subsets.
    """
    if not len(candidate) == len(rival) == len(photos) > 0:
        raise UserError(f"{len(candidate)} errors beside {len(rival)}, of {len(photos)} photos; give each face's")
    names = np.asarray(photos)
    masks = {ALL: np.ones(len(candidate), dtype=np.bool_), **groups}
    overall, *others = (
        one
        for name, mask in masks.items()
        for one in _compare(name, candidate[mask], rival[mask], names[mask].tolist(), failure_threshold, limits)
    )
    alpha = (1 - limits.level) / 2
    comparisons = (_judged(overall, alpha, "better", "no better"), *_adjusted(others, alpha, limits))
    return Decision(
        rule=_rule(comparisons),
        identical=bool(np.array_equal(candidate, rival)),
        failure_threshold=failure_threshold,
        limits=limits,
        comparisons=comparisons,
    )


def holm(p: Sequence[float]) -> list[float]:
    """Adjusted p of several questions: each may be compared with α as if it were the only one (Holm, 1979)."""
    order = np.argsort(p, kind="stable")
    steps = np.asarray(p, dtype=np.float64)[order] * np.arange(len(p), 0, -1)
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return [float(value) for value in adjusted]


def _compare(
    name: str,
    candidate: NDArray[np.float64],
    rival: NDArray[np.float64],
    photos: Sequence[str],
    threshold: float,
    limits: GateLimits,
) -> tuple[Comparison, Comparison]:
    """Compare two models on a set of faces by NME and by failure rate, each with a p-value."""
    failed, rival_failed = (np.asarray(errors > threshold, dtype=np.float64) for errors in (candidate, rival))
    count = len(set(photos))
    nme = Comparison(
        set=name,
        figure="nme",
        faces=len(photos),
        photos=count,
        candidate=float(candidate.mean()),
        rival=float(rival.mean()),
    )
    failures = replace(
        nme, figure="failure_rate", candidate=float(failed.mean()), rival=float(rival_failed.mean())
    )
    if count < limits.min_photos:
        return nme, failures
    # Differences are drawn, and not their two sides: where both are equal, rounding must not make them differ.
    columns_F3 = np.stack([candidate - rival, rival, failed - rival_failed], axis=1)
    d, r, d_failed = resampled_means(columns_F3, photos, limits.repeats, limits.seed).T
    by_chance = d >= -limits.min_gain * r if name == ALL else d <= limits.allowed_loss * r
    return (
        _drawn(nme, d, by_chance, limits.level),
        _drawn(failures, d_failed, d_failed <= limits.allowed_failures, limits.level),
    )


def _drawn(
    about: Comparison, difference_R: NDArray[np.float64], by_chance_R: NDArray[np.bool_], level: float
) -> Comparison:
    tail = (1 - level) / 2
    low, high = np.quantile(difference_R, (tail, 1 - tail))
    p = (1 + np.count_nonzero(by_chance_R)) / (1 + len(by_chance_R))
    return replace(about, low=float(low), high=float(high), p=float(p))


def _adjusted(losses: Sequence[Comparison], alpha: float, limits: GateLimits) -> list[Comparison]:
    """Find the significantly worse ones among several comparisons."""
    judged = [loss.p for loss in losses if loss.p is not None]
    if len(judged) > alpha * (1 + limits.repeats):
        raise UserError(
            f"registry.repeats is {limits.repeats}, too few to find one significant loss among {len(judged)} at "
            f"level {limits.level:g}; set it to {int(len(judged) / alpha) + 1} or more"
        )
    adjusted = iter(holm(judged))
    return [
        loss if loss.p is None else _judged(replace(loss, p=next(adjusted)), alpha, "worse", "no worse")
        for loss in losses
    ]


def _judged(comparison: Comparison, alpha: float, beyond: Verdict, within: Verdict) -> Comparison:
    if comparison.p is None:
        return comparison
    return replace(comparison, verdict=beyond if comparison.p <= alpha else within)


def _rule(comparisons: Sequence[Comparison]) -> Rule:
    if comparisons[0].verdict == "too few photos":
        return "too few photos"
    if comparisons[0].verdict == "no better":
        return "no better"
    return "worse somewhere" if any(one.verdict == "worse" for one in comparisons) else "better"


# A decision of the gate in words: a sentence, and a table for the version's page.


_ROWS = 30
"""Sets in a table, at most: a page is to be read."""

_HEADING = """\
| set | faces (photos) | metric | {rival} | candidate | difference, {level:g} % interval | p | |
|---|---|---|---|---|---|---|---|"""
_NAMES = {"nme": "NME", "failure_rate": "failed"}


def sentence(decision: Decision, rival: str) -> str:
    """Describe the decision, and the metrics that decided.

    Args:
        rival: What the candidate was compared with: ``version 3``.
    """
    nme = decision.nme
    metrics = f"{_metrics(nme)} on {nme.faces} faces, {_difference(nme, decision)}"
    match decision.rule:
        case "too few photos":
            return (
                f"not compared with {rival}: {nme.photos} test photos are too few, registry.min_photos asks for "
                f"{decision.limits.min_photos}; {_metrics(nme)}"
            )
        case "no better" if decision.identical:
            return f"no better than {rival}: the same errors on each of {nme.faces} faces, {_metrics(nme)}"
        case "no better":
            return f"not significantly better than {rival}: {metrics}"
        case "worse somewhere":
            worse = "; ".join(
                f"{_place(one)}: {_metrics(one)} on {one.faces} faces, {_difference(one, decision)}"
                for one in decision.worse
            )
            return f"better than {rival} on the whole ({metrics}), but significantly worse in {worse}"
        case "better":
            return f"better than {rival}: {metrics}; {_elsewhere(decision)}"


def table(decision: Decision, rival: str) -> str:
    """Return all comparisons as a Markdown table, percent; differences are candidate − rival."""
    lines = [_HEADING.format(rival=rival, level=100 * decision.limits.level)]
    for one in decision.comparisons[: 2 * _ROWS]:
        interval = "" if one.low is None or one.high is None else f" [{100 * one.low:+.2f}, {100 * one.high:+.2f}]"
        cells = (
            one.set if one.figure == "nme" else "",
            f"{one.faces} ({one.photos})" if one.figure == "nme" else "",
            _NAMES[one.figure],
            f"{100 * one.rival:.2f}",
            f"{100 * one.candidate:.2f}",
            f"{100 * (one.candidate - one.rival):+.2f}{interval}",
            "" if one.p is None else f"{one.p:.2g}",
            one.verdict,
        )
        lines.append(f"| {' | '.join(cells)} |")
    left = len(decision.comparisons) // 2 - _ROWS
    return "\n".join(lines) + (f"\n\n{left} more sets in the run's `gate/`." if left > 0 else "")


def _metrics(one: Comparison) -> str:
    return f"{_NAMES[one.figure]} {one.candidate:.2%} against {one.rival:.2%}"


def _difference(one: Comparison, decision: Decision) -> str:
    change = f"difference {100 * (one.candidate - one.rival):+.2f} points"
    if one.low is None or one.high is None:
        return change
    return f"{change}, {decision.limits.level:.0%} interval {100 * one.low:+.2f} to {100 * one.high:+.2f}"


def _place(one: Comparison) -> str:
    return "all faces" if one.set == ALL else one.set


def _elsewhere(decision: Decision) -> str:
    """Describe failure rate and subsets where nothing is worse."""
    failures = decision.comparisons[1]
    subsets = [one for one in decision.comparisons if one.set != ALL and one.figure == "nme"]
    small = [one.set for one in subsets if one.verdict == "too few photos"]
    sentences = [_metrics(failures), f"subsets significantly worse: none of {len(subsets) - len(small)}"]
    return "; ".join(sentences + ([f"too few photos to say in {', '.join(small)}"] if small else []))
