"""Can each method at its paper's size overfit 16 faces? If gradients, flips and frames are right, it can.

    python benchmarks/overfit.py 300W_FOLDER [--methods awing …] [--steps 450] [--batch 8] [--set unit=16]
        [--both-ways] [--measure decoding.rule=quarter …]

Trains on the first 16 faces, each view mirrored by chance (--both-ways: each face both ways in the same step), and
measures the NME on the plain and on the mirrored crops of the same faces; in the end also what they are
with other settings (--measure). Ends with status 1 if a method does not get below the target.
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

from facealign.config.device import device_named
from facealign.data.augmentation.settings import NONE, AugmentSettings
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
from facealign.workflows.settings import assign

SIZE = 256
CHECK_EVERY = 50


@dataclass(frozen=True)
class Outcome:
    """NMEs after overfitting, and the steps and minutes that it took."""

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
    parser.add_argument("--both-ways", action="store_true", help="each face plain and mirrored in the same step")
    parser.add_argument("--measure", action="append", default=[], help="key=value, as --set: other settings")
    parser.add_argument("--set", action="append", default=[], help="key=value below the methods' model settings")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        crop = CropSettings(size=SIZE)
        prepare(DataConfig(source="300w", root=str(arguments.root), crop=crop, max_quarantined=0.1), Path(folder))
        reader = ShardReader(Path(folder), "train")
        print(f"{'method':<12} {'plain %':>8} {'mirrored %':>10} {'steps':>6} {'minutes':>8}")
        failed = False
        for name in arguments.methods:
            found = overfit(name, reader, arguments)
            failed |= max(found.plain, found.mirrored) > arguments.target
            print(
                f"{name:<12} {100 * found.plain:8.2f} {100 * found.mirrored:10.2f} {found.steps:6d} "
                f"{found.minutes:8.1f}",
                flush=True,
            )
    raise SystemExit(failed)


def overfit(name: str, reader: ShardReader, arguments: argparse.Namespace) -> Outcome:
    """Train until both NMEs are below the target, or the steps are done."""
    torch.manual_seed(0)
    kind = METHODS[name]
    device = device_named(None)
    keep_freed_memory(World(device=device))
    settings = kind.Config.model_validate(assign({}, arguments.set))
    method = kind(settings, reader.index.landmarks, SIZE)
    if method.needs_statistics:
        method.use_statistics(reader.statistics())
    method = method.to(device=device, memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(method.parameters(), lr=arguments.lr)
    precision = Precision("auto", device)
    # Half of a batch is mirrored, and with two views the second is mirrored by itself.
    flips = (0.0, 1.0) if arguments.both_ways else (0.5,)
    training = [FaceDataset(reader, mirrored(flip), views=method.views) for flip in flips]
    share = arguments.batch // method.views // len(training)
    shuffled = np.random.default_rng(0)
    per_pass = -(-arguments.faces // share)
    started, found = time.perf_counter(), Outcome(np.inf, np.inf, 0, 0.0)
    for step in range(arguments.steps):
        if step % per_pass == 0:  # a network that sees the same faces together leans on their company
            order = shuffled.permutation(arguments.faces)
        rows = order[step % per_pass * share :][:share]
        draws = [Draw(int(row), step, int(row)) for row in rows]
        batch = collate([faces[draw] for draw in draws for faces in training]).to(device)
        with precision.autocast():
            loss = method.loss(method(method.inputs(batch)), batch).total
        for group in optimizer.param_groups:
            group["lr"] = arguments.lr * max(0.02, 1 - step / arguments.steps)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if (step + 1) % CHECK_EVERY == 0 or step + 1 == arguments.steps:
            errors = both(method, reader, arguments.faces)
            found = Outcome(*errors, step + 1, (time.perf_counter() - started) / 60)
            print(f"  {name} step {step + 1}: {error_text(errors)}", file=sys.stderr, flush=True)
            if max(errors) <= arguments.target:
                break
    if arguments.measure:
        settings = kind.Config.model_validate(assign({}, arguments.set + arguments.measure))
        other = kind(settings, method.schema, SIZE)
        other.load_state_dict(method.state_dict())
        errors = both(other.to(device=device, memory_format=torch.channels_last), reader, arguments.faces)
        print(f"  {name} with {' '.join(arguments.measure)}: {error_text(errors)}", file=sys.stderr, flush=True)
    return found


def mirrored(share: float) -> AugmentSettings:
    """Return settings that mirror this fraction of the views and change nothing else."""
    return NONE.model_copy(update={"flip": share})


def both(method: Method, reader: ShardReader, faces: int) -> tuple[float, float]:
    """NMEs on the plain and on the mirrored crops."""
    plain, flipped = (measure(method, views(reader, faces, mirrored(flip))) for flip in (0.0, 1.0))
    return plain, flipped


def error_text(errors: tuple[float, float]) -> str:
    """Return the outcome as it is printed."""
    return "{:.2f} {:.2f} %".format(*(100 * error for error in errors))


def views(reader: ShardReader, faces: int, augment: AugmentSettings) -> Batch:
    """One view of each face."""
    dataset = FaceDataset(reader, augment)
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
