"""Preparing at size: rate and memory, and what it costs when nothing or one face in a hundred has changed.

    python benchmarks/prepare.py [--faces 2000] [--work /tmp/facealign-prepare]

Draws faces as JPEG photos with `.pts` files in the layout of 300-W (kept below --work, as are the shards), and
prepares them with one process and with two. The memory is the most that the process and all below it held at
once, their resident sets summed: pages of mapped files count, and those that processes share count for each.
"""

import argparse
import os
import random
import shutil
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import cv2

from facealign.cluster.config import ClusterConfig
from facealign.cluster.prepare import shard_mapper
from facealign.data.config import DataConfig
from facealign.data.preparing.prepare import PrepareReport, prepare
from facealign.data.synthetic import draw_face
from facealign.geometry import CropSettings
from peak import Peak

SIDE = 256
TEST_SHARE = 0.02


def photo(root: Path, faces: int, i: int) -> Path:
    part = "testset" if i < faces * TEST_SHARE else "trainset"
    return root / f"helen/{part}/{i:07d}_1.jpg"


def draw(root: Path, faces: int, seed: int, i: int) -> None:
    path = photo(root, faces, i)
    if seed == 0 and path.with_suffix(".pts").is_file():
        return
    cv2.setNumThreads(1)
    face = draw_face(seed, i, "ibug68", SIDE)
    cv2.imwrite(str(path), cv2.cvtColor(face.image, cv2.COLOR_RGB2BGR))
    rows = "\n".join(f"{x + 1:.4f} {y + 1:.4f}" for x, y in face.points)
    path.with_suffix(".pts").write_text(f"version: 1\nn_points: 68\n{{\n{rows}\n}}\n", encoding="ascii")


def draw_all(root: Path, faces: int, seed: int, numbers: list[int]) -> None:
    for part in ("testset", "trainset"):
        (root / "helen" / part).mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("forkserver")) as pool:
        for _ in pool.map(partial(draw, root, faces, seed), numbers, chunksize=32):
            pass


def measure(what: str, settings: DataConfig, out: Path, workers: int, base: float | None = None) -> float:
    """Prepare, print a line, return the seconds."""
    with shard_mapper(ClusterConfig(prepare_workers=workers)) as mapper, Peak() as peak:
        started = time.perf_counter()
        report = prepare(settings, out, mapper=mapper)
        seconds = time.perf_counter() - started
    print(f"{what:<32} {_metrics(report, seconds)} {peak.bytes / 1e6:8.0f} MB", end="")
    print("" if base is None else f" {seconds / base:8.1%}", flush=True)
    return seconds


def _metrics(report: PrepareReport, seconds: float) -> str:
    faces = sum(report.index.rows(fold) for fold in report.index.folds)
    shards = sum(map(len, report.index.folds.values()))
    return (
        f"{seconds:8.1f} s {faces / seconds:9.0f}/s {report.loaded:8} read {report.written:5} of {shards:5} shards"
    )


def require_equal(first: Path, second: Path) -> None:
    names = sorted(path.name for path in first.iterdir())
    if names != sorted(path.name for path in second.iterdir()):
        sys.exit(f"{first} and {second} hold other files")
    for name in names:
        if (first / name).read_bytes() != (second / name).read_bytes():
            sys.exit(f"{name} differs between {first} and {second}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=int, default=2000)
    parser.add_argument("--size", type=int, default=128, help="of the network's input, px")
    parser.add_argument("--megabytes", type=float, default=16.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--work", type=Path, default=Path("/tmp/facealign-prepare"))
    arguments = parser.parse_args()
    faces, work = arguments.faces, arguments.work
    root = work / f"faces-{faces}"
    draw_all(root, faces, 0, list(range(faces)))
    settings = DataConfig(
        source="300w",
        root=str(root),
        crop=CropSettings(size=arguments.size),
        shards={"megabytes": arguments.megabytes},
    )
    one, many = work / "one", work / "many"
    for folder in (one, many):
        shutil.rmtree(folder, ignore_errors=True)

    base = measure("from nothing, 1 process", settings, one, 1)
    measure(f"from nothing, {arguments.workers} processes", settings, many, arguments.workers, base)
    require_equal(one, many)
    measure("nothing changed", settings, one, 1, base)
    require_equal(one, many)
    hundredth = max(faces // 100, 1)
    places = {
        "1 % changed, here and there": random.Random(0).sample(range(faces), hundredth),
        "1 % changed, side by side": list(range(faces // 2, faces // 2 + hundredth)),
    }
    for what, numbers in places.items():
        draw_all(root, faces, 1, numbers)
        measure(what, settings, one, 1, base)
        for i in numbers:
            photo(root, faces, i).with_suffix(".pts").unlink()
        draw_all(root, faces, 0, numbers)
        prepare(settings, one)
        require_equal(one, many)


if __name__ == "__main__":
    main()
