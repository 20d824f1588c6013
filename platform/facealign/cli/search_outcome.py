"""What a search has come to: ``best.yaml`` and ``search.json``."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from facealign.cli.json_file import write_json
from facealign.cli.lineage import git_commit
from facealign.cli.search_best import write_best
from facealign.cli.search_file import Search
from facealign.config import UserError
from facealign.search.confirm import PAPER, Confirmed
from facealign.search.outcome import best
from facealign.search.row import TrialRow
from facealign.search.storage import without_password


def write_beginning(search: Search) -> None:
    """Write which study it is, for whoever looks before it is done."""
    write_json(search.places.figures, _identity(search))


def write_outcome(
    search: Search, rows: Sequence[TrialRow], again: Sequence[Confirmed], limit: str | None
) -> list[Path]:
    """Write what a search has come to, say it, and return the files.

    The winner has the lowest mean of the settings that were confirmed; where none was, it is the best trial.

    Raises:
        UserError: No trial has been trained to its end.
    """
    found = best(rows)
    if not found:
        causes = "; ".join(f"trial {row.number}: {row.cause}" for row in rows if row.cause)
        raise UserError(
            f"{search.plan.name}: no trial came to its end, so there is no best; give it more budget, and go on "
            f"with --continue. {causes}".rstrip(" .")
        )
    winner = rows[again[0].number] if again else found[0]
    figures = _figures(search, rows, again, winner, limit)
    says = _says(search, winner, again)
    write_best(search.places.best, search.started_from, search.changes, search.file.fixed | winner.params, says)
    write_json(search.places.figures, figures)
    print("\n".join([*says, f"{search.places.best}: apply it with `facealign apply {search.places.best}`"]))
    return [search.places.best, search.places.figures]


def figures_of_search(rows: Sequence[TrialRow], again: Sequence[Confirmed]) -> dict[str, float]:
    """Of the search as a whole, for its run."""
    counts = Counter(row.state.lower() for row in rows)
    figures = {"best": best(rows)[0].values[0], **{state: float(count) for state, count in counts.items()}}
    return figures | ({"confirmed_nme": again[0].mean} if again else {})


def _figures(
    search: Search,
    rows: Sequence[TrialRow],
    again: Sequence[Confirmed],
    winner: TrialRow,
    limit: str | None,
) -> dict[str, Any]:
    return {
        **_identity(search),
        "ended_by": limit or "trials",
        "trials": dict(Counter(row.state for row in rows)),
        "winner": {"number": winner.number, "values": list(winner.values), "params": winner.params},
        "paper": list(rows[PAPER].values) if search.file.first else None,
        "confirmed": [
            {
                "number": one.number,
                "is_paper": one.is_paper,
                "seeds": list(one.seeds),
                "values": list(one.values),
                "mean": one.mean,
                "half_width": one.half_width,
            }
            for one in again
        ],
    }


def _identity(search: Search) -> dict[str, Any]:
    return {
        "study": search.plan.name,
        "storage": search.file.storage and without_password(search.file.storage),
        "search": str(search.path),
        "method": search.file.method,
        "objectives": list(search.file.objectives),
        "fixed": search.file.fixed,
        "data_digest": search.index.digest,
        "git_commit": git_commit(),
    }


def _says(search: Search, winner: TrialRow, again: Sequence[Confirmed]) -> list[str]:
    values = ", ".join(
        f"{name} {value:.6g}" for name, value in zip(search.file.objectives, winner.values, strict=False)
    )
    lines = [
        f"{search.plan.name}: trial {winner.number} is the winner"
        + (f" ({values} in the search)" if values else "")
    ]
    for one in again:
        spread = "" if one.half_width is None else f" ± {100 * one.half_width:.2f}"
        name = f"trial {one.number}" + (", the paper's setting" if one.is_paper else "")
        lines.append(
            f"{name}: validation NME {100 * one.mean:.2f}{spread} % over {len(one.values)} fresh seeds (95 % CI)"
        )
    if search.file.fixed:
        fixed = ", ".join(f"{path}: {value}" for path, value in search.file.fixed.items())
        lines.append(f"the same in all trials, and here: {fixed}")
    return lines
