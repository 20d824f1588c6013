"""How fast one core feeds a network, beside other libraries that read the same stored crops.

    python benchmarks/data.py [--faces 400] [--repeats 5]
    python benchmarks/data.py --memory 100000

Synthetic faces, prepared as `facealign` does. Every metric is the best of several passes, in CPU time of this
process with all its threads; the passes of all contenders take turns, so that a busy machine slows all of them.
The second form measures the memory that belongs to each loading process alone, while epochs over a large set go
by.
"""

import argparse
import importlib.util
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch

from facealign.data.augmentation.settings import AWING
from facealign.data.config import DataConfig
from facealign.data.dataset import Draw, FaceDataset
from facealign.data.loader import train_batches
from facealign.data.preparing.prepare import prepare
from facealign.data.shards.reader import ShardReader
from facealign.geometry import CropSettings
from peers import BATCH, PEERS, augmented_look, plain_look

PLAIN, AUGMENTED = "plain", "augmented"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=int, default=400)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--memory", type=int, metavar="FACES", help="measure memory over so many faces instead")
    parser.add_argument("--workers", type=int, default=2, help="loading processes of --memory")
    arguments = parser.parse_args()
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        if arguments.memory:
            _memory(Path(folder), arguments.memory, arguments.workers)
        else:
            _speed(Path(folder), arguments.faces, arguments.repeats)


def _speed(folder: Path, faces: int, repeats: int) -> None:
    for name, (_, module, package) in PEERS.items():
        if importlib.util.find_spec(module) is None:
            print(
                f"{name}: not installed, left out; `pip install {package}`, or the extra `bench` of this package, "
                "in an environment of its own"
            )
    columns = [_rates(folder / str(size), size, faces, repeats) for size in (128, 256)]
    print(f"\n{'samples/s of one core':<34} {'128 px':>8} {'256 px':>8}")
    for name, small in columns[0].items():
        print(f"{name:<34} {small:8.0f} {columns[1][name]:8.0f}")
    print(f"\n{'ratios':<34} {'128 px':>8} {'256 px':>8}")
    for name, values in _ratios(columns).items():
        print(f"{name:<34} {values[0]:8.2f} {values[1]:8.2f}")


def _rates(folder: Path, size: int, faces: int, repeats: int) -> dict[str, float]:
    """Samples a second by what was done, for a network input of ``size`` px."""
    folder.mkdir()
    reader = _prepared(folder / "shards", size, faces)
    rows = range(len(reader) // BATCH * BATCH)
    plain, augmented = FaceDataset(reader), FaceDataset(reader, AWING)
    contenders: dict[str, Callable[[], object]] = {
        "bare decoder": lambda: _exhaust(reader[row].image() for row in rows),
        "row without its image": lambda: _exhaust(reader[row] for row in rows),
        f"facealign, {PLAIN} view": lambda: _exhaust(plain[Draw(row, 0, row)] for row in rows),
        f"facealign, {AUGMENTED} view": lambda: _exhaust(augmented[Draw(row, 0, row)] for row in rows),
        f"facealign, {PLAIN} batches": lambda: _exhaust(train_batches(plain, epoch=0, global_batch=BATCH)),
        f"facealign, {AUGMENTED} batches": lambda: _exhaust(train_batches(augmented, epoch=0, global_batch=BATCH)),
        "facealign, augmented pairs": lambda: _exhaust(
            train_batches(replace(augmented, views=2), epoch=0, global_batch=BATCH)
        ),
    }
    looks = {PLAIN: plain_look(reader), AUGMENTED: augmented_look(reader)}
    for name, (load, module, package) in PEERS.items():
        if importlib.util.find_spec(module) is None:
            continue
        for kind, look in looks.items():
            loader = load(reader, folder / package, look)
            if kind == PLAIN:
                _require_the_same(loader, plain)
            contenders[f"{name}, {kind} batches"] = lambda loader=loader: _exhaust(loader)  # type: ignore[misc]
    best = dict.fromkeys(contenders, float("inf"))
    for _ in range(repeats):
        for name, work in contenders.items():
            started = time.process_time()
            work()
            best[name] = min(best[name], time.process_time() - started)
    return {name: len(rows) / seconds for name, seconds in best.items()}


def _require_the_same(loader: Iterable[dict[str, torch.Tensor]], plain: FaceDataset) -> None:
    """A comparison of speeds is one only between equal results."""
    batch = next(iter(loader))
    for row in range(BATCH):
        view = plain[Draw(row, 0, row)]
        np.testing.assert_array_equal(batch["image"][row], view["images"])
        np.testing.assert_allclose(batch["points"][row], view["points"], atol=1e-4)


def _ratios(columns: list[dict[str, float]]) -> dict[str, tuple[float, ...]]:
    ratios = {
        f"{kind} batches ÷ bare decoder": tuple(
            column[f"facealign, {kind} batches"] / column["bare decoder"] for column in columns
        )
        for kind in (PLAIN, AUGMENTED)
    }
    for kind in (PLAIN, AUGMENTED):
        peers = [f"{name}, {kind} batches" for name in PEERS if f"{name}, {kind} batches" in columns[0]]
        ratios[f"{kind} batches ÷ best other"] = tuple(
            column[f"facealign, {kind} batches"] / max(column[name] for name in peers) for column in columns
        )
    return ratios


def _memory(folder: Path, faces: int, workers: int) -> None:
    """Prints the unique and the resident set size of the loading processes at points of three epochs.

    Pages of the mapped shards count as resident, and as unique where one process alone has touched them; the
    kernel takes them back when it needs the room.
    """
    import psutil

    reader = _repeated(_prepared(folder / "few", 64, 400), folder / "many", faces)
    data = FaceDataset(reader, AWING)
    steps = len(reader) // 64
    marks = {round(steps * share): share for share in (0.05, 0.5, 0.95)}
    print(f"{len(reader)} faces, {workers} loading processes; MB of each")
    for epoch in range(3):
        for step, _ in enumerate(train_batches(data, epoch=epoch, global_batch=64, workers=workers)):
            if step in marks:
                # Children are the server that forks and the tracker of resources; their children load.
                servers = psutil.Process().children()
                loading = [worker.memory_full_info() for server in servers for worker in server.children()]
                print(
                    f"epoch {epoch}, {marks[step]:4.0%}: USS "
                    + " ".join(f"{each.uss / 1e6:7.1f}" for each in loading)
                    + "  RSS "
                    + " ".join(f"{each.rss / 1e6:7.1f}" for each in loading)
                )


def _prepared(folder: Path, size: int, faces: int) -> ShardReader:
    crop = CropSettings(size=size)
    prepare(DataConfig(crop=crop, validation=0.05, synthetic={"train": faces, "test": 1, "size": 512}), folder)
    return ShardReader(folder, "train")


def _repeated(reader: ShardReader, out: Path, count: int) -> ShardReader:
    """A training fold of ``count`` rows: those of ``reader`` over and over, each with an id of its own."""
    from facealign.data.shards.row import ShardRow, to_batch
    from facealign.data.shards.writer import publish, write_shard
    from facealign.storage.uris import open_store

    store = open_store(out)
    faces = list(reader)
    shards = []
    for start in range(0, count, 4000):
        rows = []
        for number in range(start, min(start + 4000, count)):
            face = faces[number % len(faces)]
            labels = replace(face.labels, id=f"{number:08d}", photo=f"{number:08d}")
            rows.append(ShardRow(replace(face, labels=labels), image_digest=f"{number:016x}"))
        shards.append(write_shard(store, "train", to_batch(rows)))
    index = reader.index.model_copy(
        update={
            "folds": {"train": tuple(shards), "val": (), "test": ()},
            "statistics": None,
            "no_statistics": "made for a measurement",
        }
    )
    publish(store, index)
    return ShardReader(out, "train")


def _exhaust(batches: Iterable[object]) -> None:
    for _ in batches:
        pass


if __name__ == "__main__":
    main()
