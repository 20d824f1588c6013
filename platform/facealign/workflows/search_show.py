"""``facealign search show``: the trials and confirmations of a search, be it running, interrupted or done."""

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from rich import box
from rich.table import Table

from facealign.config import UserError
from facealign.config.device import device_named
from facealign.data.shards.index import Index
from facealign.report.tables import print_table
from facealign.search.cost import EpochTime, Preview, measure_epoch, preview
from facealign.search.file import SearchFile
from facealign.search.load import load_search
from facealign.search.storage import open_storage
from facealign.search.trial_row import TrialRow, rows_of
from facealign.workflows import workspace
from facealign.workflows.search_setup import ParamsBaseline
from facealign.workflows.workspace import OUTPUTS, SHARDS, read_json, searched


def print_search(name: str) -> None:
    """Print a search's trials by number, and its confirmation.

    Raises:
        UserError: There is no such search.
    """
    places = searched(name)
    workspace.download(places.folder)
    if not places.metrics.is_file():
        there = sorted(path.parent.name for path in (OUTPUTS / "search").glob("*/search.json"))
        known = (
            f"there are: {', '.join(there)}"
            if there
            else "there is none; begin one with `facealign search run FILE`"
        )
        raise UserError(f"{places.folder}: no search {name!r}; {known}")
    metrics = read_json(places.metrics)
    storage = open_storage(metrics["storage"], places.folder, alone=False)
    trials = rows_of(storage, metrics["study"])
    counts = ", ".join(f"{count} {state}" for state, count in Counter(row.state for row in trials).items())
    print(f"{metrics['study']}: {counts or 'no trial yet'}")
    print_table(_trials_table(trials, metrics["objectives"]), sys.stdout)
    for one in metrics.get("confirmed", ()):
        print(_confirmed(one))
    if places.best.is_file():
        print(f"best settings: {places.best}")


def _trials_table(trials: tuple[TrialRow, ...], objectives: list[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, header_style="bold")
    names = sorted({name for row in trials for name in row.params})
    for heading in (
        "trial",
        "state",
        *objectives,
        "epochs",
        *(name.rsplit(".", 1)[-1] for name in names),
        "cause",
    ):
        table.add_column(heading, overflow="fold")
    for row in trials:
        values = [_text(value) for value in row.values] or [""] * len(objectives)
        params = [_text(row.params.get(name, "")) for name in names]
        cause = (row.cause or "").strip().splitlines()
        table.add_row(str(row.number), row.state, *values, str(row.epochs), *params, cause[-1] if cause else "")
    return table


def _confirmed(one: dict[str, Any]) -> str:
    spread = "" if one["half_width"] is None else f" ± {100 * one['half_width']:.2f}"
    paper = ", the paper's setting" if one["is_paper"] else ""
    seeds = len(one["seeds"])
    return (
        f"trial {one['number']}{paper}: NME {100 * one['mean']:.2f}{spread} % over {seeds} fresh seeds (95 % CI)"
    )


def _text(value: Any) -> str:
    return f"{value:.5g}" if isinstance(value, float) else str(value)


# ``facealign search preview``: what a search will cost, from an epoch measured here.


def preview_search(
    path: Path, params: Path, epoch_seconds: float | None
) -> tuple[SearchFile, Preview, EpochTime | None]:
    """The price of a search, and what it was measured by.

    Args:
        path: The search file.
        params: The settings that trials start from.
        epoch_seconds: Of one epoch on one device; None: measured with the settings of trial 0.

    Raises:
        UserError: A file breaks rules; or no faces have been prepared to measure an epoch with.
    """
    baseline = ParamsBaseline(params)
    file = load_search(path, baseline)
    settings = baseline.params({**file.fixed, **(file.initial_trials[0] if file.initial_trials else {})})
    train = settings.section(file.method).train
    measured = None
    if epoch_seconds is None:
        job = settings.job(file.method, SHARDS, Index.load(SHARDS).digest)
        measured = measure_epoch(job, device_named(None))
        epoch_seconds = measured.seconds
    has_gpu = torch.cuda.is_available()
    return file, preview(file, train.epochs, train.evaluate_every, epoch_seconds, has_gpu), measured


def rungs_table(found: Preview) -> Table:
    """Tabulate how many trials reach each rung."""
    table = Table(box=box.SIMPLE_HEAD, header_style="bold")
    for heading in ("epoch", "trials that get there", "epochs trained on the way"):
        table.add_column(heading, justify="right")
    for rung in found.rungs:
        table.add_row(str(rung.epoch), f"{rung.trials:.1f}", f"{rung.epochs:.1f}")
    return table


def as_lines(file: SearchFile, found: Preview, measured: EpochTime | None) -> Iterator[str]:
    """The price in words."""
    share = found.epochs / found.unpruned_epochs
    yield (
        f"{found.trials} trial{'s' if found.trials > 1 else ''}: {found.epochs:.0f} epochs, {share:.0%} of the "
        f"{found.unpruned_epochs} without pruning"
    )
    if file.confirm is not None:
        trainings = f"{file.confirm.top} × {file.confirm.seeds} trainings"
        yield f"confirming the best: {trainings}, {found.confirm_epochs} epochs"
    source = "given"
    if measured is not None:
        source = (
            f"measured on {measured.device}: {measured.steps} steps of {measured.step_seconds:.3f} s, "
            f"by {measured.measured_steps} of them, and {measured.validation_seconds:.1f} s to validate"
        )
    yield f"an epoch takes {found.epoch_seconds:.1f} s ({source})"
    if found.limit in ("hours", "gpu_hours"):
        yield f"budget.{found.limit} ends the search; {file.budget.trials or 'more'} trials would take longer"
    unit = "GPU-hours" if found.has_gpu else "hours of one device"
    unpruned = found.hours_of(found.unpruned_epochs + found.confirm_epochs)
    yield f"price: {found.device_hours:.2f} {unit}; {unpruned:.2f} without pruning"
    trials = (
        "one trial at a time" if found.at_once == 1 else f"{found.at_once} trials at once, each on its own device"
    )
    yield f"time: {found.hours:.2f} hours with {trials}"


def as_json(found: Preview, measured: EpochTime | None) -> dict[str, Any]:
    """Return the search's state as plain values."""
    return {
        **asdict(found),
        "rungs": [rung._asdict() for rung in found.rungs],
        "hours": found.hours,
        "device_hours": found.device_hours,
        "measured": None if measured is None else asdict(measured),
    }
