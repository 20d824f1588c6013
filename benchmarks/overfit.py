"""Can each method at its paper's size learn 16 faces by heart? If gradients, flips and frames are right, it can.

    python benchmarks/overfit.py 300W_FOLDER [--methods awing …] [--steps 450] [--batch 8] [--set unit=16]

Trains on the first 16 faces, each view mirrored by chance, and measures the NME on the plain and on the mirrored
crops of the same faces. Ends with status 1 if a method does not get below the target.
"""

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from facealign.cli.assignments import assign
from facealign.data.augmentation.settings import NONE
from facealign.data.batch import Batch
from facealign.data.config import DataConfig
from facealign.data.dataset import Draw, FaceDataset, collate
from facealign.data.preparing.prepare import prepare
from facealign.data.shards.reader import ShardReader
from facealign.geometry import CropSettings
from facealign.methods import METHODS, Method
from facealign.metrics import nme
from facealign.training.memory import keep_freed_memory
from facealign.training.precision import Precision
from facealign.training.world import World

SIZE = 256
CHECK_EVERY = 50
MIRRORED = NONE.model_copy(update={"flip": 1.0})


@dataclass(frozen=True)
class Outcome:
    """NMEs by heart, steps and minutes it took."""

    plain: float
    mirrored: float
    steps: int
    minutes: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path, help="a folder of 300-W")
    parser.add_argument("--methods", nargs="+", default=list(METHODS))
    parser.add_argument("--faces", type=int, default=16)
    parser.add_argument("--steps", type=int, default=450, help="at most, for each method")
    parser.add_argument("--batch", type=int, default=8, help="images in a step")
    parser.add_argument("--target", type=float, default=0.01)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--set", action="append", default=[], help="key=value below the methods' model settings")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        crop = CropSettings(size=SIZE)
        prepare(DataConfig(source="300w", root=str(arguments.root), crop=crop, max_quarantined=0.1), Path(folder))
        reader = ShardReader(Path(folder), "train")
        print(f"{'method':<12} {'plain %':>8} {'mirrored %':>10} {'steps':>6} {'minutes':>8}")
        failed = False
        for name in arguments.methods:
            found = learn_by_heart(name, reader, arguments)
            failed |= max(found.plain, found.mirrored) > arguments.target
            print(
                f"{name:<12} {100 * found.plain:8.2f} {100 * found.mirrored:10.2f} {found.steps:6d} "
                f"{found.minutes:8.1f}",
                flush=True,
            )
    raise SystemExit(failed)


def learn_by_heart(name: str, reader: ShardReader, arguments: argparse.Namespace) -> Outcome:
    """Train until both NMEs are below the target, or the steps are done."""
    torch.manual_seed(0)
    kind = METHODS[name]
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    keep_freed_memory(World(device=device))
    settings = kind.Config.model_validate(assign({}, arguments.set))
    method = kind(settings, reader.index.landmarks, SIZE)
    if method.needs_statistics:
        method.use_statistics(reader.statistics())
    method = method.to(device=device, memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(method.parameters(), lr=arguments.lr)
    precision = Precision("auto", device)
    # Half of a batch is mirrored, and with two views the second is mirrored by itself.
    training = FaceDataset(reader, NONE.model_copy(update={"flip": 0.5}), views=method.views)
    share = arguments.batch // method.views
    shuffled = np.random.default_rng(0)
    per_pass = -(-arguments.faces // share)
    started, found = time.perf_counter(), Outcome(np.inf, np.inf, 0, 0.0)
    for step in range(arguments.steps):
        if step % per_pass == 0:  # a network that sees the same faces together leans on their company
            order = shuffled.permutation(arguments.faces)
        rows = order[step % per_pass * share :][:share]
        draws = [Draw(int(row), step, int(row)) for row in rows]
        batch = collate([training[draw] for draw in draws]).to(device)
        with precision.autocast():
            loss = method.loss(method(method.inputs(batch)), batch).total
        for group in optimizer.param_groups:
            group["lr"] = arguments.lr * max(0.02, 1 - step / arguments.steps)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if (step + 1) % CHECK_EVERY == 0 or step + 1 == arguments.steps:
            plain = measure(method, views(reader, arguments.faces, MIRRORED.model_copy(update={"flip": 0.0})))
            mirrored = measure(method, views(reader, arguments.faces, MIRRORED))
            found = Outcome(plain, mirrored, step + 1, (time.perf_counter() - started) / 60)
            figures = f"{100 * plain:.2f} {100 * mirrored:.2f} %"
            print(f"  {name} step {step + 1}: {figures}", file=sys.stderr, flush=True)
            if max(plain, mirrored) <= arguments.target:
                break
    return found


def views(reader: ShardReader, faces: int, augment: object) -> Batch:
    """One view of each face."""
    dataset = FaceDataset(reader, augment)  # type: ignore[arg-type]
    return collate([dataset[Draw(row, 0, row)] for row in range(faces)])


def measure(method: Method, batch: Batch) -> float:
    """Mean inter-ocular NME of the decoded landmarks, in crop pixels."""
    device = next(method.parameters()).device
    method.eval()
    with torch.no_grad():
        found: Tensor = torch.cat([method.decode(method(part.to(device))) for part in batch.images.split(8)])
    method.train()
    truth, valid = batch.points.double().numpy(), batch.valid.numpy()
    errors = nme(found.cpu().double().numpy(), truth, valid, method.schema, "inter_ocular", batch.ids)
    return float(errors.mean())


if __name__ == "__main__":
    main()
