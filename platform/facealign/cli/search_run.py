"""A search from its file to its winner: ``facealign search run``, and the stage ``search``."""

import sys
from dataclasses import replace
from pathlib import Path

from facealign import tracking
from facealign.cli import home
from facealign.cli.lineage import git_commit
from facealign.cli.paths import SPOOL
from facealign.cli.search_file import Search, read_search
from facealign.cli.search_outcome import figures_of_search, write_beginning, write_outcome
from facealign.cli.search_report import draw_search
from facealign.cluster.search.run import Interrupted, Searching, searching
from facealign.cluster.search.tracked import TrackedSearch
from facealign.config import UserError
from facealign.report.search.live import search_progress
from facealign.search.confirm import Confirmed, confirmation, confirmed, to_confirm
from facealign.search.figures import ModelFigures
from facealign.search.plan import Limits
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
        with (
            search_progress(sys.stdout) as show,
            searching(str(search.places.folder.resolve()), search.params.cluster, SPOOL, show) as cluster,
        ):
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
        study = SearchStudy(search.plan, storage, _limits(search, trials))
        limit = _run_trials(search, cluster, study, tracked)
        again = _confirm(search, cluster, storage, tracked, study.rows())
        draw_search(search, study, again)
        files = write_outcome(search, study.rows(), again, limit)
        _record(search, run, figures_of_search(study.rows(), again), files)
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


def _limits(search: Search, trials: int | None) -> Limits:
    limits = search.plan.limits
    return limits if trials is None else replace(limits, trials=trials)


def _run_trials(search: Search, cluster: Searching, study: SearchStudy, tracked: TrackedSearch) -> str | None:
    """Returns what of the budget ended it, if it was not the number of trials."""
    try:
        return cluster.run(
            study,
            search.job,
            tracked=tracked if search.params.tracking.enabled else None,
            measure=ModelFigures(search.file.objectives, search.params.evaluation.failure_threshold),
            concurrency=search.file.concurrency,
        )
    finally:
        draw_search(search, study)


def _record(search: Search, run: tracking.Run | None, figures: dict[str, float], files: list[Path]) -> None:
    """Put what the search has come to into its run."""
    tracker = tracking.tracker_for(run, SPOOL)
    tracker.results({f"search/{name}": figure for name, figure in figures.items()})
    for file in (*files, search.places.trials, search.places.page):
        tracker.artifact(file)
    for picture in sorted(search.places.pictures.glob("*.png")):
        tracker.artifact(picture, "pictures")
    tracker.close()


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
    study = SearchStudy(plan, storage, again=True)
    cluster.run(
        study,
        search.job,
        tracked=replace(tracked, name=f"{tracked.key}/confirm") if search.params.tracking.enabled else None,
        concurrency=search.file.concurrency,
    )
    return confirmed(plan, chosen, study.queued(), has_paper)
