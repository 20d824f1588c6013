"""Which box do the landmarks have, where the detector marks a face? The constants of inference/detector_box.py.

    python benchmarks/boxes.py 300w /path/to/300W [wflw /path/to/WFLW …] [--photos 200]

Every photo is searched once. A face counts as found where a detector's square and the tight box of its landmarks
share a third of their union; no square counts twice. Printed for each data set, that is for its landmark schema:
faces found of those annotated, the medians of shift and scale in sides of the square, how the boxes that follow
differ from the true ones (median and 90th percentile of the center's distance, and of the size's ratio), and the
squares that are on no annotated face: false alarms, or faces that nobody annotated.
"""

import argparse
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from facealign.data.config import DataConfig
from facealign.data.sources.base import SOURCES
from facealign.geometry import landmark_box
from facealign.inference.detector import cascade
from facealign.inference.detector_box import fitted
from facealign.inference.tracks import matched

LEAST_OVERLAP = 1 / 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+", metavar="SOURCE ROOT")
    parser.add_argument("--photos", type=int, default=10**9, help="of each, at most, evenly spread")
    arguments = parser.parse_args()
    find = cascade()
    for source, root in zip(arguments.sets[::2], arguments.sets[1::2], strict=True):
        faces, pairs, others, photos = 0, [], 0, 0
        for image, truth_F4 in annotated(source, root, arguments.photos):
            squares_F4 = find(image)
            found = matched(truth_F4, squares_F4, LEAST_OVERLAP)
            pairs += [(squares_F4[j], truth_F4[i]) for i, j in found]
            photos, faces, others = photos + 1, faces + len(truth_F4), others + len(squares_F4) - len(found)
        report(source, photos, faces, others, np.array(pairs))


def annotated(source: str, root: str, most: int) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float64]]]:
    """Photos with the tight boxes of all their annotated faces."""
    for image, faces in annotated_faces(source, root, most):
        yield image, np.array([landmark_box(points) for points in faces])


def annotated_faces(
    source: str, root: str, most: int, landmarks: str | None = None, fold: str | None = None
) -> Iterator[tuple[NDArray[np.uint8], list[NDArray[np.float64]]]]:
    """Photos with the landmarks of all their annotated faces, or of a fold's; ``most`` of them, evenly spread."""
    config = DataConfig(source=source, root=root, landmarks=landmarks or SOURCES[source].schemas[0])
    opened = config.open_source()
    photos: dict[tuple[str, ...], list] = {}
    for sample in opened.samples():
        if fold not in (None, sample.fold):
            continue
        # Faces of one photo may have images of their own, equal or not (300-W): then each is a photo.
        photos.setdefault(sample.files[:1] or (sample.photo,), []).append(sample)
    step = max(1, len(photos) // most)
    for samples in list(photos.values())[::step][:most]:
        records = [opened.load(sample) for sample in samples]
        yield records[0].image, [record.points for record in records]


def report(source: str, photos: int, faces: int, others: int, pairs_F24: NDArray[np.float64]) -> None:
    detected_F4, truth_F4 = pairs_F24[:, 0], pairs_F24[:, 1]
    rule = fitted(detected_F4, truth_F4)
    boxes_F4 = rule.landmark_boxes(detected_F4)
    size_F2 = truth_F4[:, 2:] - truth_F4[:, :2]
    away_F = np.linalg.norm((boxes_F4[:, 2:] + boxes_F4[:, :2] - truth_F4[:, 2:] - truth_F4[:, :2]) / 2, axis=1)
    away_F /= size_F2.max(axis=1)
    ratio_F = (boxes_F4[:, 2:] - boxes_F4[:, :2]).max(axis=1) / size_F2.max(axis=1)
    larger_F = np.maximum(ratio_F, 1 / ratio_F)
    print(
        f"{source}: {len(pairs_F24)} of {faces} faces found on {photos} photos, {others} squares elsewhere\n"
        f"  right {rule.right:.3f}, down {rule.down:.3f}, width {rule.width:.3f}, height {rule.height:.3f}\n"
        f"  center off by {np.median(away_F):.3f} (90 %: {np.quantile(away_F, 0.9):.3f}) of the longer side, "
        f"longer side by a factor {np.median(larger_F):.3f} (90 %: {np.quantile(larger_F, 0.9):.3f})",
        flush=True,
    )


if __name__ == "__main__":
    main()
