"""A search from its file to its winner: ``facealign search run``, and the stage ``search``."""

import io
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from facealign import tracking
from facealign.cluster.search.run import Interrupted, SearchSession, search_session
from facealign.cluster.search.task import TrackedSearch
from facealign.config import UserError, check_settings, read_yaml
from facealign.report.search.context import (
    Command,
    ConfirmedSetting,
    ParameterRange,
    RandomTrials,
    SearchContext,
)
from facealign.report.search.live import search_progress
from facealign.report.search.page import write_report
from facealign.search.confirm import PAPER, Confirmed, confirmation, confirmed, to_confirm
from facealign.search.importance import importance
from facealign.search.objectives import ModelMetrics
from facealign.search.plan import SearchLimits
from facealign.search.space import Parameter, Range
from facealign.search.storage import Storage, open_storage, study_names, without_password
from facealign.search.study import SearchStudy
from facealign.search.trial_row import TrialRow, best
from facealign.workflows import workspace
from facealign.workflows.search_setup import Search, read_search
from facealign.workflows.settings import Params, assign, put
from facealign.workflows.workspace import SPOOL, git_commit, write_json

# ``best.yaml``: the params file with a winner's values in it, its comments kept.


def write_best(path: Path, params: Path, changes: list[str], values: dict[str, Any], header: list[str]) -> None:
    """Write a params file that ``facealign train``, ``facealign apply`` and ``dvc repro`` take as it is.

    Args:
        path: To write.
        params: The file that the search started from.
        changes: ``key=value`` that went before what it says.
        values: By dotted path.
        header: Lines for its head.

    Raises:
        ConfigError: The result breaks a rule.
    """
    tree = read_yaml(params)
    put(assign(tree, changes), values)
    check_settings(tree, path, Params)
    text = io.StringIO()
    YAML(typ="rt").dump(tree, text)
    path.parent.mkdir(parents=True, exist_ok=True)
    head = "".join(f"# {line}\n" for line in header)
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(f"{head}\n{text.getvalue()}", encoding="utf-8")
    fresh.replace(path)


# What a search has come to: ``best.yaml`` and ``search.json``.


def write_beginning(search: Search) -> None:
    """Write which study it is, for whoever looks before it is done."""
    write_json(search.places.metrics, _identity(search))


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
    metrics = _metrics(search, rows, again, winner, limit)
    header = _header_lines(search, winner, again)
    write_best(search.places.best, search.started_from, search.changes, search.file.fixed | winner.params, header)
    write_json(search.places.metrics, metrics)
    print("\n".join([*header, f"{search.places.best}: apply it with `facealign apply {search.places.best}`"]))
    return [search.places.best, search.places.metrics]


def search_metrics(rows: Sequence[TrialRow], again: Sequence[Confirmed]) -> dict[str, float]:
    """Compute the metrics of the search as a whole, for its run."""
    counts = Counter(row.state.lower() for row in rows)
    metrics = {"best": best(rows)[0].values[0], **{state: float(count) for state, count in counts.items()}}
    return metrics | ({"confirmed_nme": again[0].mean} if again else {})


def _metrics(
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
        "paper": list(rows[PAPER].values) if search.file.initial_trials else None,
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


def _header_lines(search: Search, winner: TrialRow, again: Sequence[Confirmed]) -> list[str]:
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


# What a search's page says beside its trials.


def draw_search(search: Search, study: SearchStudy, again: Sequence[Confirmed] = ()) -> None:
    """Write ``search.html``, the images and ``trials.csv``, as the study is now."""
    rows = study.rows()
    best, method = search.places.best, search.file.method
    context = SearchContext(
        name=search.file.name,
        study=study.plan.name,
        objectives=study.plan.objectives,
        parameters={path: _range(parameter) for path, parameter in search.file.space.parameters.items()},
        paper=PAPER if search.file.initial_trials else None,
        epochs=search.plan.epochs,
        rungs=study.plan.rungs,
        random=_random(search, rows),
        importance=importance(study.optuna),
        confirmed=tuple(
            ConfirmedSetting(number=one.number, paper=one.is_paper, values=one.values) for one in again
        ),
        commands=(
            Command(purpose="train with the winner's settings", line=f"facealign train {method} --params {best}"),
            Command(
                purpose="put them into params.yaml, and make what they change",
                line=f"facealign apply {best} && dvc repro",
            ),
        ),
        lineage={
            "search file": str(search.path),
            "params file": str(search.started_from),
            "data digest": search.index.digest,
            "commit": git_commit(),
        },
    )
    write_report(search.places.folder, rows, context)


def _range(parameter: Parameter) -> ParameterRange:
    if isinstance(parameter, Range):
        return ParameterRange(low=parameter.low, high=parameter.high, log=parameter.log)
    return ParameterRange(choices=parameter.choices)


def _random(search: Search, rows: Sequence[TrialRow]) -> RandomTrials | None:
    """Select the trials with random settings: after the paper's, those of the sampler's start."""
    first, sampler = len(search.file.initial_trials), search.file.sampler
    drawn = {"random": len(rows), "tpe": getattr(sampler, "startup", 0)}.get(sampler.name, 0)
    own = tuple(row for row in rows if first <= row.number < drawn)
    return RandomTrials(source=f"this search's {len(own)} random trials", rows=own) if own else None


def run_search(
    path: Path, params: Path, changes: list[str], *, go_on: bool = False, trials: int | None = None
) -> None:
    """Run a search file's trials, train the best again, and write what it has come to.

    Args:
        path: The search file.
        params: The settings that every trial starts from.
        changes: ``key=value`` that go before what they say.
        go_on: With the study that is there, if one is.
        trials: In all, in place of the file's ``budget.trials``.

    Raises:
        UserError: There is something to fix; or the study is there already, and it was not said to go on.
        SystemExit: It was stopped; with the signal's status.
    """
    search = read_search(path, params, changes)
    try:
        with (
            search_progress(sys.stdout) as show,
            search_session(str(search.places.folder.resolve()), search.params.cluster, SPOOL, show) as cluster,
        ):
            _run(search, cluster, go_on, trials)
    except Interrupted as interrupted:
        print(f"{interrupted}; the same command with --continue goes on", file=sys.stderr)
        sys.exit(interrupted.exit_status)


def _run(search: Search, cluster: SearchSession, go_on: bool, trials: int | None) -> None:
    storage = open_storage(search.file.storage, search.places.folder, alone=True)
    _check_studies(search, storage, go_on)
    write_beginning(search)
    tracked = TrackedSearch(
        settings=search.params.tracking,
        experiment=search.params.registered_name,
        key=f"search/{search.plan.name}",
        tags={"source": search.index.source.name, "data_digest": search.index.digest, "git_commit": git_commit()},
    )
    run = tracked.open(SPOOL)
    status = "FAILED"
    try:
        _describe(search, run)
        study = SearchStudy(search.plan, storage, _limits(search, trials))
        limit = _run_trials(search, cluster, study, tracked)
        again = _confirm(search, cluster, storage, tracked, study.rows())
        draw_search(search, study, again)
        files = write_outcome(search, study.rows(), again, limit)
        _record(search, run, search_metrics(study.rows(), again), files)
        workspace.upload(search.places.folder)
        status = "FINISHED"
    except Interrupted:
        status = "KILLED"
        raise
    finally:
        tracking.end_run(run, status, SPOOL)


def _check_studies(search: Search, storage: Storage, go_on: bool) -> None:
    """Say which study it is, where there are others.

    Raises:
        UserError: It is there already, and it was not said to go on.
    """
    there = study_names(storage)
    if search.plan.name in there:
        if not go_on:
            raise UserError(
                f"{search.path}: its study {search.plan.name} is there; --continue goes on with it. To begin "
                f"anew, set another `seed` in the file, or remove {search.places.folder}"
            )
        return
    others = [name for name in there if name.startswith(f"{search.file.name}-") and "-confirm-" not in name]
    if others and go_on:
        print(f"a new study, {search.plan.name}: file, params or faces are not those of {', '.join(others)}")


def _describe(search: Search, run: tracking.Run | None) -> None:
    tracker = tracking.tracker_for(run, SPOOL, patience=5)
    tags = {"kind": "search", "method": search.file.method, "study": search.plan.name, "git_commit": git_commit()}
    tracking.describe_run(tracker, {"search": search.file.model_dump(mode="json"), "base": search.plan.base}, tags)
    tracker.close()


def _limits(search: Search, trials: int | None) -> SearchLimits:
    limits = search.plan.limits
    return limits if trials is None else replace(limits, trials=trials)


def _run_trials(search: Search, cluster: SearchSession, study: SearchStudy, tracked: TrackedSearch) -> str | None:
    """Returns what of the budget ended it, if it was not the number of trials."""
    try:
        return cluster.run(
            study,
            search.job,
            tracked=tracked if search.params.tracking.enabled else None,
            measure=ModelMetrics(search.file.objectives, search.params.evaluation.failure_threshold),
            concurrency=search.file.concurrency,
        )
    finally:
        draw_search(search, study)


def _record(search: Search, run: tracking.Run | None, metrics: dict[str, float], files: list[Path]) -> None:
    """Put what the search has come to into its run."""
    tracker = tracking.tracker_for(run, SPOOL)
    tracker.results({f"search/{name}": figure for name, figure in metrics.items()})
    for file in (*files, search.places.trials, search.places.page):
        tracker.artifact(file)
    for picture in sorted(search.places.pictures.glob("*.png")):
        tracker.artifact(picture, "pictures")
    tracker.close()


def _confirm(
    search: Search,
    cluster: SearchSession,
    storage: Storage,
    tracked: TrackedSearch,
    rows: tuple[TrialRow, ...],
) -> list[Confirmed]:
    """The best trials and the paper's setting, trained again from fresh seeds."""
    if search.file.confirm is None:
        return []
    has_paper = bool(search.file.initial_trials)
    chosen = to_confirm(rows, search.file.confirm, has_paper)
    if not chosen:
        return []
    seeds = range(search.params.seed + 1, search.params.seed + 1 + search.file.confirm.seeds)
    plan = confirmation(search.plan, search.plan.base, chosen, seeds)
    study = SearchStudy(plan, storage, again=True)
    cluster.run(
        study,
        search.job,
        tracked=replace(tracked, name=f"{tracked.key}/confirm") if search.params.tracking.enabled else None,
        concurrency=search.file.concurrency,
    )
    return confirmed(plan, chosen, study.queued(), has_paper)
