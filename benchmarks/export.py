"""Do the methods at their papers' sizes leave as ONNX files, and through torch.compile, with the same results?

    python benchmarks/export.py [--methods adnet …] [--steps 10] [--no-compile]

Each method is trained for some steps on synthetic faces first: the maxima of a heatmap nobody has trained are
decided by the last bit, and a decoder may then name another pixel for no fault of the file. The landmarks of the
file and of the method are compared on other faces, one and three at a time; the loss of a training batch, plain
and compiled. Ends with status 1 where landmarks differ by more than 0.01 px, or losses by 1e-4 of themselves.
"""

import argparse
import copy
import sys
import tempfile
import time
from pathlib import Path

import onnx
import torch

from facealign.data.batch import Batch
from facealign.data.config import DataConfig
from facealign.data.dataset import Draw, FaceDataset, collate
from facealign.data.preparing.prepare import prepare
from facealign.data.shards.reader import ShardReader
from facealign.geometry import CropSettings
from facealign.methods import METHODS, Method
from facealign.registry.onnx import TOLERANCE, difference_from, export_onnx
from facealign.registry.publish import Predictor

SIZE = 256
BATCH = 4
FACES = 16
LOSS_TOLERANCE = 1e-4
WFLW = ("awing", "scc")
"""Methods whose papers count their networks with 98 landmarks."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", nargs="+", default=list(METHODS))
    parser.add_argument("--steps", type=int, default=10, help="of training before, with batches of 4")
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, default=True)
    arguments = parser.parse_args()
    print(
        f"{'method':<12} {'landmarks':>9} {'px, 1 face':>10} {'3 faces':>8} {'nodes':>6} {'MB':>6} "
        f"{'loss':>10} {'compiled':>9} {'CPU s':>6}"
    )
    failed = False
    for name in arguments.methods:
        started = time.process_time()
        schema = "wflw98" if name in WFLW else "ibug68"
        with tempfile.TemporaryDirectory() as folder:
            faces = prepared(Path(folder) / "shards", schema)
            method = trained(name, faces, arguments.steps)
            pixels, nodes, megabytes = exported(method, Path(folder) / "model.onnx")
        loss, difference = compiled(method, views(faces, 0, method)) if arguments.compile else (0.0, 0.0)
        failed |= not max(pixels) <= TOLERANCE or not difference <= LOSS_TOLERANCE
        print(
            f"{name:<12} {schema:>9} {pixels[0]:10.1e} {pixels[1]:8.1e} {nodes:6d} {megabytes:6.1f} "
            f"{loss:10.5f} {difference:9.1e} {time.process_time() - started:6.0f}",
            flush=True,
        )
    raise SystemExit(failed)


def prepared(folder: Path, schema: str) -> ShardReader:
    """Synthetic faces to train on."""
    options = {"train": FACES, "test": 3}
    crop = CropSettings(size=SIZE)
    prepare(DataConfig(source="synthetic", landmarks=schema, crop=crop, synthetic=options), folder)
    return ShardReader(folder, "train")


def trained(name: str, faces: ShardReader, steps: int) -> Method:
    """The method with all its defaults, after some steps of Adam."""
    torch.manual_seed(0)
    kind = METHODS[name]
    method = kind(kind.Config(), faces.index.landmarks, SIZE)
    if method.needs_statistics:
        method.use_statistics(faces.statistics())
    optimizer = torch.optim.Adam(method.parameters(), lr=1e-3)
    for step in range(steps):
        batch = views(faces, step, method)
        loss = method.loss(method(method.inputs(batch)), batch).total
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(f"  {name} step {step + 1}: {loss.item():.4f}", file=sys.stderr, flush=True)
    return method


def views(faces: ShardReader, step: int, method: Method) -> Batch:
    """A training batch."""
    dataset = FaceDataset(faces, views=method.views)
    return collate([dataset[Draw((BATCH * step + i) % len(faces), step, i)] for i in range(BATCH)])


def exported(method: Method, path: Path) -> tuple[list[float], int, float]:
    """Differences of one and of three faces, px; nodes of the graph; size of the file, MB."""
    predictor = Predictor(method).eval()
    export_onnx(predictor, SIZE, path)
    reader = ShardReader(path.with_name("shards"), "test")
    images = collate([FaceDataset(reader)[Draw(row, 0, row)] for row in range(3)]).images
    pixels = [difference_from(predictor, path, images[:count]) for count in (1, 3)]
    return pixels, len(onnx.load(path).graph.node), path.stat().st_size / 1e6


def compiled(method: Method, batch: Batch) -> tuple[float, float]:
    """The loss of a training batch, and by what share of it the compiled method's differs."""
    method.train()
    fast = torch.compile(copy.deepcopy(method))
    plain = method.loss(method(method.inputs(batch)), batch).total.item()
    return plain, abs(method.loss(fast(method.inputs(batch)), batch).total.item() - plain) / abs(plain)


if __name__ == "__main__":
    main()
