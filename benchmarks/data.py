"""How fast one core feeds a network: bare JPEG decoding, plain views, augmented views.

    python benchmarks/data.py [--faces 400] [--repeats 3]

Drawn faces, prepared as `facealign` does; the best of several passes over them, samples a second.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import torch

from facealign.data.augment_settings import AWING
from facealign.data.config import DataConfig
from facealign.data.dataset import Draw, FaceDataset
from facealign.data.loader import train_batches
from facealign.data.prepare import prepare
from facealign.data.shards.reader import ShardReader
from facealign.geometry import CropSettings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=int, default=400)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    print(f"{'samples/s of one core':<34} {'128 px':>8} {'256 px':>8}")
    columns = [_measure(size, arguments.faces, arguments.repeats) for size in (128, 256)]
    for name, small in columns[0].items():
        print(f"{name:<34} {small:8.0f} {columns[1][name]:8.0f}")


def _measure(size: int, faces: int, repeats: int) -> dict[str, float]:
    """Rates by what was done, for a network input of ``size`` px."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        crop = CropSettings(size=size)
        settings = DataConfig(crop=crop, validation=0.05, synthetic={"train": faces, "test": 1, "size": 512})
        started = time.perf_counter()
        report = prepare(settings, out)
        prepared = sum(report.figures().values()) / (time.perf_counter() - started)
        reader = ShardReader(out, "train")
        rows = range(len(reader))
        plain, augmented = FaceDataset(reader), FaceDataset(reader, AWING)
        work: dict[str, Callable[[], object]] = {
            "bare decoder (stored crop)": lambda: [reader[row].image() for row in rows],
            "row without its picture": lambda: [reader[row] for row in rows],
            "plain view": lambda: [plain[Draw(row, 0, row)] for row in rows],
            "augmented view": lambda: [augmented[Draw(row, 0, row)] for row in rows],
            "augmented batches of 16": lambda: list(train_batches(augmented, epoch=0, global_batch=16)),
        }
        rates = {name: len(rows) / min(_seconds(call) for _ in range(repeats)) for name, call in work.items()}
        return {"prepare (drawing and all)": prepared, **rates}


def _seconds(call: Callable[[], object]) -> float:
    started = time.process_time()
    call()
    return time.process_time() - started


if __name__ == "__main__":
    main()
