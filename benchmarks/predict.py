"""How many faces, how right and how fast, on whole photos with their published landmarks?

    python benchmarks/predict.py MODEL 300w /path/to/300W [--fold test] [--photos 100] [--faces 64] [--threads 1]
        [--runtimes torch compiled onnx] [--draw FOLDER]

Faces: those of the test fold, which the model has not learned from. Every photo is searched once; a found box and
the tight box of a face's landmarks are one face where they share 40 % of their union. Printed: faces found of
those annotated, boxes on none of them, and the NME (inter-ocular, %) over the matched faces by the found box, and
over the same faces and over all by the true one: what the detector costs.

Speed: `--faces` crops, cut beforehand, through each runtime, one at a time and 16 at a time, on `--threads`
threads, after one call that does not count: faces/s, best of three. Then finding and cutting alone, photos/s and
faces/s.
"""

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("model")
parser.add_argument("source")
parser.add_argument("root")
parser.add_argument("--fold", choices=["train", "test"], default="test", help="whose annotated faces count")
parser.add_argument("--photos", type=int, default=100)
parser.add_argument("--runtimes", nargs="+", default=["torch", "compiled", "onnx"])
parser.add_argument("--faces", type=int, default=64)
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--draw", type=Path, default=None, help="folder for the photos with what was found")
ARGUMENTS = parser.parse_args()
os.environ["OMP_NUM_THREADS"] = str(ARGUMENTS.threads)  # before torch and ONNX Runtime are imported

from boxes import annotated_faces  # noqa: E402
from facealign import inference  # noqa: E402
from facealign.geometry import landmark_box  # noqa: E402
from facealign.inference.aligner import cut  # noqa: E402
from facealign.inference.tracks import matched  # noqa: E402
from facealign.metrics.nme import nme  # noqa: E402
from facealign.report.faces import save_png  # noqa: E402
from facealign.workflows.predict import drawn  # noqa: E402

LEAST_OVERLAP = 0.4
BATCHES = (1, 16)
ROUNDS = 3


def main() -> None:
    model = inference.load(ARGUMENTS.model)
    landmarks = model.card.landmarks.name
    photos = list(annotated_faces(ARGUMENTS.source, ARGUMENTS.root, ARGUMENTS.photos, landmarks, ARGUMENTS.fold))
    accuracy(model, photos)
    crops = np.stack(
        [cut(image, landmark_box(points), model.card.crop) for image, faces in photos for points in faces][
            : ARGUMENTS.faces
        ]
    )
    for runtime in ARGUMENTS.runtimes:
        for batch in BATCHES:
            one = inference.load(ARGUMENTS.model, runtime, batch_size=batch)
            one.run(list(crops[:batch]))
            seconds = best(lambda one=one: one.run(list(crops)))
            print(f"{runtime:<9} batch {batch:2d}: {len(crops) / seconds:7.1f} faces/s", flush=True)
    few = photos[:16]
    print(f"finding: {len(few) / best(lambda: [model.find(image) for image, _ in few]):.1f} photos/s")
    faces = [(image, landmark_box(points)) for image, faces in few for points in faces]
    cutting = best(lambda: [cut(image, box, model.card.crop) for image, box in faces])
    print(f"cutting: {len(faces) / cutting:.1f} faces/s")


def accuracy(model: inference.FaceAligner, photos: list) -> None:
    total = others = 0
    by_found, by_true, all_true = [], [], []
    for number, (image, truth) in enumerate(photos):
        boxes = np.array([landmark_box(points) for points in truth])
        found, exact = model.predict(image), model.predict(image, boxes)
        pairs = matched(boxes, np.array([face.box for face in found]).reshape(-1, 4), LEAST_OVERLAP)
        total, others = total + len(truth), others + len(found) - len(pairs)
        all_true += [error(model, face.landmarks, points) for face, points in zip(exact, truth, strict=True)]
        by_found += [error(model, found[j].landmarks, truth[i]) for i, j in pairs]
        by_true += [error(model, exact[i].landmarks, truth[i]) for i, _ in pairs]
        if ARGUMENTS.draw:
            save_png(ARGUMENTS.draw / f"{number:04d}.png", drawn(image, found, model.card.landmarks))
    exact_ones, everyone = mean(by_true), mean(all_true)
    print(f"{len(by_found)} of {total} faces found on {len(photos)} photos; {others} boxes on none of them")
    print(f"NME by the found box {mean(by_found)}, by the true one {exact_ones}, all by the true one {everyone}")


def error(model: inference.FaceAligner, found: NDArray[np.float64], truth: NDArray[np.float64]) -> float:
    """NME, inter-ocular."""
    valid = np.isfinite(truth).all(axis=1)
    return float(nme(found[None], truth[None], valid[None], model.card.landmarks, "inter_ocular")[0])


def mean(errors: list[float]) -> str:
    return f"{100 * np.mean(errors):.2f} % (median {100 * np.median(errors):.2f})" if errors else "no face"


def best(what: Callable[[], object]) -> float:
    """Seconds, the least of some rounds."""
    rounds = []
    for _ in range(ROUNDS):
        before = time.perf_counter()
        what()
        rounds.append(time.perf_counter() - before)
    return min(rounds)


if __name__ == "__main__":
    main()
