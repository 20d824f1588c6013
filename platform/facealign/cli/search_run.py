"""A search from its file to its winner: ``facealign search run``, and the stage ``search``."""

import sys
from dataclasses import replace
from pathlib import Path

from facealign import tracking
from facealign.cli import home
from facealign.cli.lineage import git_commit
from facealign.cli.paths import SPOOL
from facealign.cli.search_file import Search, read_search
from facealign.cli.search_lines import say
from facealign.cli.search_outcome import figures_of_search, write_beginning, write_outcome, write_trials
from facealign.cluster.search.run import Interrupted, Searching, searching
from facealign.cluster.search.tracked import TrackedSearch
from facealign.config import UserError
from facealign.search.confirm import Confirmed, confirmation, confirmed, to_confirm
from facealign.search.figures import ModelFigures
from facealign.search.row import TrialRow
from facealign.search.storage import Storage, open_storage, study_names
from facealign.search.study import SearchStudy


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
        UserError: There is something to mend; or the study is there already, and it was not said to go on.
        SystemExit: It was stopped; with the signal's status.
    """
    search = read_search(path, params, changes)
    try:
        with searching(str(search.places.folder.resolve()), search.params.cluster, SPOOL, say) as cluster:
            _run(search, cluster, go_on, trials)
    except Interrupted as interrupted:
        print(f"{interrupted}; the same command with --continue goes on", file=sys.stderr)
        sys.exit(interrupted.exit_status)


def _run(search: Search, cluster: Searching, go_on: bool, trials: int | None) -> None:
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
        limit, rows = _run_trials(search, cluster, storage, tracked, trials)
        again = _confirm(search, cluster, storage, tracked, rows)
        files = write_outcome(search, rows, again, limit)
        tracker = tracking.tracker_for(run, SPOOL)
        tracker.results({f"search/{name}": figure for name, figure in figures_of_search(rows, again).items()})
        for file in files:
            tracker.artifact(file)
        tracker.close()
        home.deliver(search.places.folder)
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


def _run_trials(
    search: Search,
    cluster: Searching,
    storage: Storage,
    tracked: TrackedSearch,
    trials: int | None,
) -> tuple[str | None, tuple[TrialRow, ...]]:
    plan, file = search.plan, search.file
    limits = plan.limits if trials is None else replace(plan.limits, trials=trials)
    study = SearchStudy(plan, storage, limits)
    try:
        limit = cluster.run(
            study,
            search.job,
            tracked=tracked if search.params.tracking.enabled else None,
            measure=ModelFigures(file.objectives, search.params.evaluation.failure_threshold),
            concurrency=file.concurrency,
        )
    finally:
        write_trials(search, study.rows())
    return limit, study.rows()


def _confirm(
    search: Search,
    cluster: Searching,
    storage: Storage,
    tracked: TrackedSearch,
    rows: tuple[TrialRow, ...],
) -> list[Confirmed]:
    """The best trials and the paper's setting, trained again from fresh seeds."""
    if search.file.confirm is None:
        return []
    has_paper = bool(search.file.first)
    chosen = to_confirm(rows, search.file.confirm, has_paper)
    if not chosen:
        return []
    seeds = range(search.params.seed + 1, search.params.seed + 1 + search.file.confirm.seeds)
    plan = confirmation(search.plan, search.plan.base, chosen, seeds)
    study = SearchStudy(plan, storage)
    cluster.run(
        study,
        search.job,
        tracked=replace(tracked, name=f"{tracked.key}/confirm") if search.params.tracking.enabled else None,
        concurrency=search.file.concurrency,
    )
    return confirmed(plan, chosen, study.rows(), has_paper)
