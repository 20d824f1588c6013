"""Measures a search: its cost, what pruning saves, and recovery after a kill.

    python benchmarks/search.py overhead [--trials 20]
    python benchmarks/search.py random [--seeds 5] [--trials 30] [--epochs 9] [--shards FOLDER]
    python benchmarks/search.py kills [--kills 5] [--trials 8] [--epochs 9]

``overhead`` trains the same small jobs as a search, one trial at a time, and without a search in one process: the
difference is what a trial costs beyond its own training. ``random`` searches AWing's loss and learning rate by TPE
with ASHA, and by random draws without pruning, each from several seeds: the epochs that each needs to reach the
best of the random search. ``kills`` kills the driver of a search at random moments and goes on with it, and prints
the trials before and after; it ends with status 1 if a trial is lost, there twice, or differs from those of an
undisturbed search. Without ``--shards``, faces are drawn. Needs a quiet machine.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from facealign.cluster.config import ClusterConfig
from facealign.cluster.search.run import search_session
from facealign.data.config import DataConfig
from facealign.data.preparing.prepare import prepare
from facealign.data.shards.index import Index
from facealign.geometry import CropSettings
from facealign.search.file import SearchFile
from facealign.search.plan import SearchPlan
from facealign.search.storage import open_storage
from facealign.search.study import SearchStudy
from facealign.search.trial_row import TrialRow, rows_of
from facealign.training import TrainConfig, TrainJob
from facealign.training.config import OptimizerConfig, ScheduleConfig
from facealign.training.plain import train_plain
from facealign.workflows.settings import put

SPACE = {
    "train.optimizer.lr": {"low": 1.0e-5, "high": 1.0e-1, "log": True},
    "model.loss.params.alpha": {"low": 2.02, "high": 3.0},
    "model.loss.params.omega": {"low": 2.0, "high": 50.0, "log": True},
    "model.loss.params.theta": {"low": 0.1, "high": 0.9},
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("overhead", "random", "kills", "drive"))
    parser.add_argument("--trials", type=int)
    parser.add_argument("--epochs", type=int, default=9)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--concurrency", type=int, default=1)
    parser.add_argument("--shards", type=Path, help="prepared faces; drawn ones if not given")
    parser.add_argument("--spec", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.what == "drive":
        drive(json.loads(arguments.spec.read_text(encoding="utf-8")))
        return 0
    with tempfile.TemporaryDirectory(prefix="facealign-bench-") as name:
        folder = Path(name)
        shards = arguments.shards or drawn(folder / "shards", 48 if arguments.what == "overhead" else 400)
        return {"overhead": overhead, "random": against_random, "kills": kills}[arguments.what](
            arguments, folder, shards
        )


def drawn(folder: Path, faces: int) -> Path:
    """Synthetic faces, 64 px."""
    settings = DataConfig(
        source="synthetic", crop=CropSettings(size=64), validation=0.2, synthetic={"train": faces, "test": 4}
    )
    prepare(settings, folder)
    return folder


def small_job(shards: Path, epochs: int) -> TrainJob:
    train = TrainConfig(
        epochs=epochs,
        batch_size=16,
        optimizer=OptimizerConfig(name="adam", lr=2e-3),
        schedule=ScheduleConfig(name="constant"),
        precision="fp32",
    )
    return TrainJob(
        method="awing",
        model={"network": {"stacks": 1, "width": 16}},
        train=train,
        shards=str(shards),
        data_digest=Index.load(shards).digest,
        seed=0,
    )


def job_with(base: TrainJob, settings: dict[str, Any]) -> TrainJob:
    short = {path.removeprefix("method.awing."): value for path, value in settings.items()}
    return TrainJob.model_validate(put(base.model_dump(mode="json"), short))


def plan_of(settings: dict[str, Any], base: TrainJob) -> SearchPlan:
    file = SearchFile.model_validate({"name": "bench", "method": "awing", "space": SPACE, **settings})
    return SearchPlan(file, {"job": base.name}, base.train.epochs)


def search(
    settings: dict[str, Any],
    base: TrainJob,
    folder: Path,
    concurrency: int,
    on_event: Callable[[Any], None] = lambda event: None,
) -> tuple[TrialRow, ...]:
    config = ClusterConfig(workers=1, storage=str(folder / "runs"))
    with search_session(str(folder / "search"), config, folder / "spool", on_event) as cluster:
        study = SearchStudy(plan_of(settings, base), open_storage(None, folder, alone=True))
        cluster.run(study, partial(job_with, base), concurrency=concurrency)
    return study.rows()


def overhead(arguments: argparse.Namespace, folder: Path, shards: Path) -> int:
    trials = arguments.trials or 20
    base = small_job(shards, epochs=1)
    moments = []
    settings = {"sampler": {"name": "random"}, "pruner": {"name": "none"}, "budget": {"trials": trials + 1}}

    def note(event: Any) -> None:
        if event["kind"] == "trial_ended":
            moments.append(time.perf_counter())

    rows = search(settings, base, folder, 1, note)
    jobs = [job_with(base, row.params) for row in rows]
    alone = []
    for number, job in enumerate(jobs):
        started = time.perf_counter()
        train_plain(job, folder / f"alone-{number}", "cpu", lambda event: None)
        alone.append(time.perf_counter() - started)
    # The first trial of each starts its process.
    searched = (moments[-1] - moments[0]) / trials
    own = statistics.fmean(alone[1:])
    print(
        f"{trials} trials: {searched:.2f} s each in the search, {own:.2f} s alone; overhead {searched - own:.2f} s"
    )
    return 0


def against_random(arguments: argparse.Namespace, folder: Path, shards: Path) -> int:
    trials, ratios = arguments.trials or 30, []
    base = small_job(shards, arguments.epochs)
    print(f"{trials} trials of at most {arguments.epochs} epochs on {shards}")
    print("seed  best of random  its epochs to it  best of TPE+ASHA  its epochs to random's best  in all")
    for seed in range(arguments.seeds):
        plain = {"sampler": {"name": "random"}, "pruner": {"name": "none"}}
        clever = {"sampler": {"name": "tpe", "startup": 10}, "pruner": {"name": "asha", "first": 1, "factor": 3}}
        # The clever search may spend the epochs of the plain one on more trials.
        clever_trials = 3 * trials
        rows = {}
        for name, settings, count in (("random", plain, trials), ("tpe", clever, clever_trials)):
            budget = {"budget": {"trials": count}, "seed": seed}
            rows[name] = search(settings | budget, base, folder / f"{name}-{seed}", arguments.concurrency)
        goal = min(row.values[0] for row in rows["random"] if row.state == "COMPLETE")
        spent = epochs_to(rows["random"], goal)
        needed = epochs_to(rows["tpe"], goal)
        reached = min((nme for row in rows["tpe"] for nme in row.rungs.values()), default=float("nan"))
        total = sum(row.epochs for row in rows["tpe"])
        print(f"{seed:>4}  {goal:14.2%}  {spent!s:>16}  {reached:16.2%}  {needed!s:>27}  {total:>6}", flush=True)
        whole = sum(row.epochs for row in rows["random"])
        ratios.append(needed / whole if needed is not None else float("inf"))
    print(f"epochs to random's best, of all that the random search spent: median {statistics.median(ratios):.2f}")
    return 0


def epochs_to(rows: tuple[TrialRow, ...], goal: float) -> int | None:
    """Epochs that trials had, in the order of their numbers, until one was as good as ``goal``; None: none was."""
    spent = 0
    for row in rows:
        for epoch in range(1, row.epochs + 1):
            spent += 1
            if row.rungs.get(epoch, float("inf")) <= goal:
                return spent
    return None


def kills(arguments: argparse.Namespace, folder: Path, shards: Path) -> int:
    base = small_job(shards, arguments.epochs)
    settings = {"sampler": {"name": "tpe", "startup": 3}, "budget": {"trials": arguments.trials or 8}}
    undisturbed = search(settings, base, folder / "undisturbed", 1)
    disturbed, chance = folder / "killed", random.Random(0)
    disturbed.mkdir()
    spec = disturbed / "spec.json"
    spec.write_text(
        json.dumps({"search": settings, "job": base.model_dump(mode="json"), "folder": str(disturbed)})
    )
    command = [sys.executable, __file__, "drive", "--spec", str(spec)]
    for number in range(arguments.kills):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ.copy()) as driver:
            assert driver.stdout is not None
            for _ in range(chance.randint(2, 12)):
                driver.stdout.readline()
            time.sleep(chance.random())
            driver.kill()
        rows = rows_in(settings, base, disturbed)
        print(
            f"kill {number + 1}: " + " ".join(f"{row.number}:{row.state}:{row.epochs}" for row in rows), flush=True
        )
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = rows_in(settings, base, disturbed)
    print("trial  undisturbed              killed and continued     same")
    wrong = len(after) != len(undisturbed)
    for one, other in zip(undisturbed, after, strict=False):
        same = outcome(one) == outcome(other)
        wrong |= not same
        print(f"{one.number:>5}  {text(one):<24} {text(other):<24} {'yes' if same else 'NO'}")
    print(f"{len(after)} trials, {len(undisturbed)} expected")
    return int(wrong)


def outcome(row: TrialRow) -> Any:
    return row.state, row.params, row.rungs, row.values


def text(row: TrialRow) -> str:
    value = f"{row.values[0]:.4%}" if row.values else ""
    return f"{row.state} {row.epochs} epochs {value}"


def rows_in(settings: dict[str, Any], base: TrainJob, folder: Path) -> tuple[TrialRow, ...]:
    """The trials as the last driver left them."""
    storage = open_storage(None, folder, alone=False)
    return rows_of(storage, plan_of(settings, base).name)


def drive(spec: dict[str, Any]) -> None:
    """A driver that may be killed; each event is a line."""
    base = TrainJob.model_validate(spec["job"])
    search(spec["search"], base, Path(spec["folder"]), 1, lambda event: print(json.dumps(event), flush=True))


if __name__ == "__main__":
    sys.exit(main())
