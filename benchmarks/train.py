"""Measures training: our loop, alone and under Ray Train, against a bare PyTorch loop over the same batches.

    python benchmarks/train.py [--preset small paper] [--methods awing …] [--steps 60] [--threads 2]

Faces are drawn. Each metric comes from a process of its own, and the ways are measured by turns, ``--rounds``
times.
A step's time is that of the fastest group of steps, because what else the machine does only ever adds to it. Ray's
own processes need a core beside the worker's threads: with as many threads as cores they share. The share of the
peak takes a step for three passes forward, against a large matrix product of the same type on as many threads.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

from peak import Peak

ROOT = Path(__file__).parents[1]
BATCH_OF_PAPER_PRESET = 4
PRODUCT = 4096
DTYPES = {"fp32": "float32", "bf16": "bfloat16"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", nargs="+", choices=["small", "paper"], default=["small", "paper"])
    parser.add_argument("--methods", nargs="+")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--group", type=int, default=20, help="steps between two logs, and of one measurement")
    parser.add_argument("--threads", type=int, default=2, help="of one worker")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        print("\n" + json.dumps(run_child(json.loads(arguments.child))))
        return
    from facealign.methods import METHODS

    methods = arguments.methods or list(METHODS)
    with tempfile.TemporaryDirectory() as work:
        for preset in arguments.preset:
            jobs = prepare_jobs(Path(work), preset, methods, arguments.steps, arguments.group)
            compare(jobs, preset, arguments.threads, arguments.rounds)
            if preset == "small":
                scaling(jobs, arguments.rounds)
                time_to_first_step(next(iter(jobs.values())), arguments.threads)


def prepare_jobs(work: Path, preset: str, methods: list[str], steps: int, group: int) -> dict[str, dict[str, Any]]:
    """Shards with as many faces as the steps need, and each method's job on them, as plain values."""
    from facealign.data.preparing.prepare import prepare
    from facealign.workflows.settings import apply_recipe, load_params

    jobs = {}
    for method in methods:
        params_file = work / f"{preset}-{method}.yaml"
        params_file.write_text((ROOT / "params.yaml").read_text())
        if preset == "paper":
            apply_recipe(ROOT / f"recipes/{method}.yaml", params_file)
        settings = load_params(params_file)
        train = settings.section(method).train
        batch = train.batch_size if preset == "small" else BATCH_OF_PAPER_PRESET
        crop = settings.data.crop.model_copy(update={"size": 128 if preset == "small" else 256})
        faces = {"train": int(batch * steps / 0.85), "test": 8}
        data = settings.data.model_validate(
            settings.data.model_dump() | {"source": "synthetic", "crop": crop, "synthetic": faces}
        )
        shards = work / f"{preset}-{batch}"
        if not shards.exists():
            prepare(data, shards)
        from facealign.data.shards.index import Index

        job = settings.job(method, shards, Index.load(shards).digest)
        changes = {"epochs": 1, "batch_size": batch, "log_every": group, "evaluate_every": 1}
        job = job.model_copy(update={"train": job.train.model_copy(update=changes)})
        jobs[method] = job.model_dump(mode="json")
    return jobs


def compare(jobs: dict[str, dict[str, Any]], preset: str, threads: int, rounds: int) -> None:
    """A row for each method."""
    peaks = {name: child({"way": "product", "dtype": name, "threads": threads})["gflops"] for name in DTYPES}
    reached = ", ".join(f"{gflops:.0f} GFLOP/s in {name}" for name, gflops in peaks.items())
    print(f"\n{preset} preset, {threads} threads; matrix products reach {reached}; a step ÷ the bare loop's")
    columns = ("batch", "bare s", "images/s", "loop", "Ray", "of peak", "bare MB", "Ray MB")
    print(f"{'method':<12} " + " ".join(f"{column:>8}" for column in columns))
    for method, job in jobs.items():
        task = {"job": job, "threads": threads, "workers": 1}
        runs = [{way: child(task | {"way": way}) for way in ("bare", "loop", "ray")} for _ in range(rounds)]
        bare, loop, ray = (min(min(run[way]["groups"]) for run in runs) for way in ("bare", "loop", "ray"))
        batch, last = job["train"]["batch_size"], runs[-1]
        share = 6 * last["bare"]["macs"] * batch / bare / 1e9 / peaks[last["bare"]["precision"]]
        print(
            f"{method:<12} {batch:8d} {bare:8.3f} {batch / bare:8.1f} {loop / bare:8.3f} {ray / bare:8.3f} "
            f"{share:8.0%} {last['bare']['peak_mb']:8.0f} {last['ray']['peak_mb']:8.0f}",
            flush=True,
        )


def scaling(jobs: dict[str, dict[str, Any]], rounds: int) -> None:
    """Two workers of one thread against one."""
    print(f"\n{'method':<12} images/s of 1 worker, of 2, ratio (one thread each)")
    for method, job in jobs.items():
        task = {"way": "ray", "job": job, "threads": 1}
        seconds = [[min(child(task | {"workers": n})["groups"]) for n in (1, 2)] for _ in range(rounds)]
        one, two = (job["train"]["batch_size"] / min(column) for column in zip(*seconds, strict=True))
        print(f"{method:<12} {one:8.1f} {two:8.1f} {two / one:6.2f}", flush=True)


def time_to_first_step(job: dict[str, Any], threads: int) -> None:
    """Measure the seconds between the command and the end of the first step."""
    train = job["train"] | {"log_every": 1}
    began = time.time()
    found = child({"way": "start", "job": job | {"train": train}, "threads": threads, "workers": 1})
    moments = {"command": began} | found["moments"]
    names = list(moments)
    print(f"\nfrom the command to the end of the first step of {job['method']}, s")
    for before, name in pairwise(names):
        print(f"  {name:<44} {moments[name] - moments[before]:6.2f}")
    print(f"  {'together':<44} {moments[names[-1]] - began:6.2f}")


def child(task: dict[str, Any]) -> dict[str, Any]:
    """Do a task in a fresh process."""
    command = [sys.executable, __file__, "--child", json.dumps(task)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        sys.exit(f"{task['way']}: {done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def run_child(task: dict[str, Any]) -> dict[str, Any]:
    import torch

    torch.set_num_threads(task["threads"])
    if task["way"] == "product":
        return {"gflops": product(getattr(torch, DTYPES[task["dtype"]]))}
    from facealign.training import TrainJob

    job = TrainJob.model_validate(task["job"])
    ways = {"bare": bare, "loop": loop, "ray": ray, "start": start}
    with Peak() as peak:
        found = ways[task["way"]](job, task)
    return found | {"peak_mb": peak.bytes / 1e6}


def product(dtype: Any) -> float:
    """GFLOP/s of a large matrix product."""
    import torch

    matrix = torch.randn(PRODUCT, PRODUCT).to(dtype)
    best = float("inf")
    for _ in range(6):
        began = time.perf_counter()
        matrix @ matrix
        best = min(best, time.perf_counter() - began)
    return 2 * PRODUCT**3 / best / 1e9


def bare(job: Any, task: dict[str, Any]) -> dict[str, Any]:
    """Train with the shortest PyTorch loop for this method."""
    import torch

    from facealign.data.dataset import FaceDataset
    from facealign.data.loader import train_batches
    from facealign.data.shards.reader import ShardReader
    from facealign.methods import METHODS
    from facealign.models.cost import count_parameters_and_macs
    from facealign.training.optimizer import build_optimizer
    from facealign.training.precision import Precision

    reader = ShardReader(job.shards, "train")
    kind = METHODS[job.method]
    size = reader.index.crop.size
    method = kind(kind.Config(**job.model), reader.index.landmarks, size)
    macs = count_parameters_and_macs(method, size).macs
    if method.needs_statistics:
        method.use_statistics(reader.statistics())
    method = method.to(memory_format=torch.channels_last)
    optimizer = build_optimizer(method.parameters(), job.train.optimizer)
    dtype = Precision(job.train.precision, torch.device("cpu")).dtype
    dataset = FaceDataset(reader, job.train.augment, job.seed, method.views)
    groups, began = [], time.perf_counter()
    for step, batch in enumerate(train_batches(dataset, epoch=0, global_batch=job.train.batch_size), start=1):
        images = method.inputs(batch).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", dtype, enabled=dtype is not None):
            loss = method.loss(method(images), batch).total
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % job.train.log_every == 0:
            loss.item()
            groups.append((time.perf_counter() - began) / job.train.log_every)
            began = time.perf_counter()
    return {"groups": groups[1:], "macs": macs, "precision": "fp32" if dtype is None else "bf16"}


class Steps:
    """Listens to a training, and keeps the seconds of a step in each group."""

    def __init__(self, batch: int) -> None:
        self.groups: list[float] = []
        self.first: tuple[float, float] | None = None
        self._batch = batch

    def __call__(self, event: dict[str, Any]) -> None:
        """Keep what a log says."""
        if event["kind"] == "log":
            seconds = self._batch / event["train/images_per_second"]
            self.first = self.first or (time.time(), seconds)
            self.groups.append(seconds)


def loop(job: Any, task: dict[str, Any]) -> dict[str, Any]:
    """Train as `facealign train --plain` does."""
    from facealign.training.plain import train_plain

    steps = Steps(job.train.batch_size)
    with tempfile.TemporaryDirectory() as folder:
        train_plain(job, Path(folder), "cpu", steps)
    return {"groups": steps.groups[1:]}


def ray(job: Any, task: dict[str, Any]) -> dict[str, Any]:
    """Train as `dvc repro` does."""
    from facealign.cluster.config import ClusterConfig
    from facealign.cluster.train import train

    steps = Steps(job.train.batch_size)
    with tempfile.TemporaryDirectory() as folder:
        config = ClusterConfig(
            workers=task["workers"], cpus_per_worker=task["threads"], storage=folder, device="cpu"
        )
        train(job, config, None, Path(folder) / "spool", Path(folder) / "best", steps)
    return {"groups": steps.groups[1:]}


def start(job: Any, task: dict[str, Any]) -> dict[str, Any]:
    """The moments on the way to the first step."""
    moments = {}
    from facealign.cluster.config import ClusterConfig
    from facealign.cluster.session import session
    from facealign.cluster.train import train

    moments["Python and its libraries"] = time.time()
    steps = Steps(job.train.batch_size)
    with tempfile.TemporaryDirectory() as folder, session(None):
        moments["Ray"] = time.time()
        config = ClusterConfig(workers=1, cpus_per_worker=task["threads"], storage=folder, device="cpu")
        train(job, config, None, Path(folder) / "spool", Path(folder) / "best", steps)
    assert steps.first is not None, "the training logs every step"
    at, seconds = steps.first
    moments["worker, its libraries, the shards, the network"] = at - seconds
    moments["first step"] = at
    return {"moments": moments}


if __name__ == "__main__":
    main()
