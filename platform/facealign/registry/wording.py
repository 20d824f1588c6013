"""A decision of the gate in words: a sentence, and a table for the version's page."""

from facealign.registry.decision import ALL, Comparison, Decision

_ROWS = 30
"""Sets in a table, at most: a page is to be read."""

_HEADING = """\
| set | faces (photos) | figure | {rival} | candidate | difference, {level:g} % interval | p | |
|---|---|---|---|---|---|---|---|"""
_NAMES = {"nme": "NME", "failure_rate": "failed"}


def sentence(decision: Decision, rival: str) -> str:
    """What was decided, and the figures that decided.

    Args:
        rival: What the candidate was compared with: ``version 3``.
    """
    nme = decision.nme
    figures = f"{_figures(nme)} on {nme.faces} faces, {_difference(nme, decision)}"
    match decision.rule:
        case "too few photos":
            return (
                f"not compared with {rival}: {nme.photos} test photos are too few, registry.min_photos asks for "
                f"{decision.limits.min_photos}; {_figures(nme)}"
            )
        case "no better" if decision.identical:
            return f"no better than {rival}: the same errors on each of {nme.faces} faces, {_figures(nme)}"
        case "no better":
            return f"no better than {rival} beyond chance: {figures}"
        case "worse somewhere":
            worse = "; ".join(
                f"{_place(one)}: {_figures(one)} on {one.faces} faces, {_difference(one, decision)}"
                for one in decision.worse
            )
            return f"better than {rival} on the whole ({figures}), but worse beyond chance in {worse}"
        case "better":
            return f"better than {rival}: {figures}; {_elsewhere(decision)}"


def table(decision: Decision, rival: str) -> str:
    """All comparisons as a table in Markdown, percent; the differences are candidate − rival."""
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


def _figures(one: Comparison) -> str:
    return f"{_NAMES[one.figure]} {one.candidate:.2%} against {one.rival:.2%}"


def _difference(one: Comparison, decision: Decision) -> str:
    change = f"difference {100 * (one.candidate - one.rival):+.2f} points"
    if one.low is None or one.high is None:
        return change
    return f"{change}, {decision.limits.level:.0%} interval {100 * one.low:+.2f} to {100 * one.high:+.2f}"


def _place(one: Comparison) -> str:
    return "all faces" if one.set == ALL else one.set


def _elsewhere(decision: Decision) -> str:
    """What failure rate and subsets say where nothing is worse."""
    failures = decision.comparisons[1]
    subsets = [one for one in decision.comparisons if one.set != ALL and one.figure == "nme"]
    small = [one.set for one in subsets if one.verdict == "too few photos"]
    told = [_figures(failures), f"subsets worse beyond chance: none of {len(subsets) - len(small)}"]
    return "; ".join(told + ([f"too few photos to say in {', '.join(small)}"] if small else []))
