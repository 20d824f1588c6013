"""A model on test faces that something was done to, against the truth in the photos."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field

from facealign.config import Settings, UserError
from facealign.data.augmentation.views import CropView, cut_image, plain_view, view_at
from facealign.data.batch import Batch
from facealign.data.dataset import collate, fields_of
from facealign.data.folds import Fold
from facealign.data.images import Image8
from facealign.data.sampler.order import sample_rng
from facealign.data.shards.reader import ShardReader
from facealign.evaluation.perturbations import PERTURBATIONS
from facealign.geometry import Normalizer
from facealign.metrics import failure_rate, mean_interval, nme
from facealign.metrics.nme import errors_and_reference
from facealign.storage.store import Place
from facealign.training import InputSpec, ModelFolder, Predictions, predict

# What a measurement of robustness found, as plain values. Errors and rates are fractions.


Interval = tuple[float, float]
"""The ends of a 95 % interval: bootstrap over photos."""


class RobustnessEstimate(Settings):
    """A mean over the faces, and how sure it is."""

    mean: float
    interval: Interval


class Point(Settings):
    """The result of one perturbation at one strength.

    Attributes:
        strength: In the perturbation's unit.
        nme: Of the perturbed faces.
        rise: Over the NME of the same faces as they are, face by face.
        failure_rate: Share of the perturbed faces above the failure threshold.
    """

    strength: float
    nme: RobustnessEstimate
    rise: RobustnessEstimate
    failure_rate: float


class Shifts(Settings):
    """Stability: how far landmarks move in the photo when the crop moves by one pixel.

    Attributes:
        pixels: Mean displacement after undoing the shift, crop pixels: 0 if the network goes along exactly.
        share: The same, of the reference distance.
    """

    pixels: RobustnessEstimate
    share: RobustnessEstimate


class Flip(Settings):
    """The mirrored crop, landmarks mirrored back.

    Attributes:
        share: Mean distance from the landmarks of the crop as it is, of the reference distance.
        nme: Of the mirrored crop's landmarks.
        nme_of_mean: Of the mean of both.
    """

    share: RobustnessEstimate
    nme: RobustnessEstimate
    nme_of_mean: RobustnessEstimate


class Robustness(Settings):
    """The robustness of a model under all perturbations; ``robustness.json`` holds it.

    Attributes:
        method: Of the model.
        config_hash: Of its training.
        data_digest: Of the shards that the faces are from.
        fold: Of the faces.
        faces: How many, evenly spread over the fold.
        seed: Of what perturbations draw.
        normalizer: What errors are divided by.
        failure_threshold: NME above which a face has failed.
        plain: NME of the faces as they are.
        plain_failure_rate: Likewise.
        curves: By perturbation, in the order of strength.
        shifts: One-pixel shifts.
        flip: Mirroring.
    """

    method: str
    config_hash: str
    data_digest: str
    fold: str
    faces: int = Field(ge=1)
    seed: int
    normalizer: Normalizer
    failure_threshold: float
    plain: RobustnessEstimate
    plain_failure_rate: float
    curves: dict[str, tuple[Point, ...]]
    shifts: Shifts
    flip: Flip


# Some faces of a fold, as a perturbation or one and the same look shows them.


ViewFn = Callable[[int], tuple[CropView, Callable[[Image8], None] | None]]
"""Gives the view of a row of the fold, and what to do to its pixels in place."""


@dataclass(frozen=True)
class SeenFaces:
    """Looks at the same faces. No state: equal calls give equal batches.

    Args:
        reader: The fold.
        rows: Of the fold.
        batch_size: Faces in one batch; the last may be smaller.
        seed: Of what perturbations draw.
    """

    reader: ShardReader
    rows: tuple[int, ...]
    batch_size: int = 32
    seed: int = 0

    def perturbed(self, kind: str, strength: float) -> Iterator[Batch]:
        """Return each face under a perturbation of ``PERTURBATIONS``."""
        perturbation, crop = PERTURBATIONS[kind], self.reader.index.crop

        def view_of(row: int) -> tuple[CropView, Callable[[Image8], None]]:
            rng = sample_rng(self.seed, crc32(kind.encode()), row)
            return perturbation.view(crop, strength, rng), lambda image: perturbation.change(image, strength, rng)

        return self._batches(view_of)

    def seen(self, view: CropView) -> Iterator[Batch]:
        """Return each face as one view shows it."""
        return self._batches(lambda _: (view, None))

    def _batches(self, view_of: ViewFn) -> Iterator[Batch]:
        index = self.reader.index
        for start in range(0, len(self.rows), self.batch_size):
            faces = []
            for row in self.rows[start : start + self.batch_size]:
                face = self.reader[row]
                view, change = view_of(row)
                image = cut_image(face.image(), view, index.crop.size)
                if change is not None:
                    image = np.array(image, order="C")  # it may be a part of the shard
                    change(image)
                faces.append(fields_of(face, image, face.points, view, index.landmarks))
            yield collate(faces)


SHIFTS = ((1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0))
"""Shifts of the image, crop pixels: whole ones, at which nothing is resampled."""


@dataclass(frozen=True, kw_only=True)
class RobustnessPlan:
    """The plan of a robustness measurement.

    Attributes:
        kinds: Of ``PERTURBATIONS``.
        faces: At the most, evenly spread over the fold; None: all.
        fold: Of the shards.
        normalizer: What errors are divided by.
        failure_threshold: NME above which a face has failed.
        batch_size: Faces at once.
        seed: Of what perturbations draw.
    """

    kinds: Sequence[str] = tuple(PERTURBATIONS)
    faces: int | None = None
    fold: Fold = "test"
    normalizer: Normalizer = "inter_ocular"
    failure_threshold: float = 0.10
    batch_size: int = 32
    seed: int = 0


def measure_robustness(
    model: ModelFolder,
    shards: Place,
    plan: RobustnessPlan,
    device: torch.device,
    report_line: Callable[[str], None] = lambda _: None,
) -> Robustness:
    """Measure ``model`` on the faces as they are, under each perturbation, shifted, and mirrored.

    Args:
        report_line: Called with a line after each perturbation.

    Raises:
        UserError: A perturbation is unknown; the shards do not read, or their crop or landmarks are not those of
            the model.
    """
    unknown = [kind for kind in plan.kinds if kind not in PERTURBATIONS]
    if unknown:
        raise UserError(f"unknown perturbations {', '.join(unknown)}; known are: {', '.join(PERTURBATIONS)}")
    bench = _Bench(model, shards, plan, device)
    curves = {}
    for kind in plan.kinds:
        curves[kind] = tuple(bench.point(kind, strength) for strength in PERTURBATIONS[kind].strengths)
        worst = max(curves[kind], key=lambda point: point.nme.mean)
        report_line(f"{kind}: NME up to {worst.nme.mean:.2%}, from {bench.plain_errors.mean():.2%}")
    return Robustness(
        method=model.card.job.method,
        config_hash=model.card.config_hash,
        data_digest=bench.faces.reader.index.digest,
        fold=plan.fold,
        faces=len(bench.faces.rows),
        seed=plan.seed,
        normalizer=plan.normalizer,
        failure_threshold=plan.failure_threshold,
        plain=bench.estimate(bench.plain_errors),
        plain_failure_rate=failure_rate(bench.plain_errors, plan.failure_threshold),
        curves=curves,
        shifts=bench.shifts(),
        flip=bench.flip(),
    )


class _Bench:
    """A model, the faces it is tried on, and what it finds on them as they are."""

    def __init__(self, model: ModelFolder, shards: Place, plan: RobustnessPlan, device: torch.device) -> None:
        reader = ShardReader(shards, plan.fold)
        model.require(InputSpec(crop=reader.index.crop, landmarks=reader.index.landmarks), shards)
        count = min(plan.faces or len(reader), len(reader))
        rows = tuple(np.linspace(0, len(reader) - 1, count).round().astype(int).tolist())
        labels = reader.labels()
        self.faces = SeenFaces(reader, rows, plan.batch_size, plan.seed)
        self._method, self._plan, self._device = model.method.to(device), plan, device
        self._schema = reader.index.landmarks
        self._photos = [labels[row].photo for row in rows]
        self._plain = self._found(self.faces.seen(plain_view(reader.index.crop)))
        self.plain_errors = self._errors(self._plain.predicted)

    def estimate(self, values_F: NDArray[np.float64]) -> RobustnessEstimate:
        """The mean of one value of each face."""
        low, high = mean_interval(values_F, self._photos)
        return RobustnessEstimate(mean=float(values_F.mean()), interval=(float(low), float(high)))

    def point(self, kind: str, strength: float) -> Point:
        """The faces under one perturbation."""
        errors = self._errors(self._found(self.faces.perturbed(kind, strength)).predicted)
        return Point(
            strength=strength,
            nme=self.estimate(errors),
            rise=self.estimate(errors - self.plain_errors),
            failure_rate=failure_rate(errors, self._plan.failure_threshold),
        )

    def shifts(self) -> Shifts:
        """Measure the stability of the landmarks under ``SHIFTS``."""
        crop = self.faces.reader.index.crop
        moved = [self._found(self.faces.seen(view_at(crop, shift=shift))).predicted for shift in SHIFTS]
        away_F = np.mean([self._away(points) for points in moved], axis=0)
        photo_per_crop_F = np.sqrt(np.abs(np.linalg.det(self._plain.to_photo[:, :, :2])))
        return Shifts(
            pixels=self.estimate(away_F / photo_per_crop_F), share=self.estimate(away_F / self._reference())
        )

    def flip(self) -> Flip:
        """The mirrored crops beside the crops."""
        view = view_at(self.faces.reader.index.crop, is_flipped=True)
        # The mirrored face's landmark i is the face's landmark flip[i], and mirroring twice is nothing.
        mirrored = self._found(self.faces.seen(view)).predicted[:, list(self._schema.flip)]
        return Flip(
            share=self.estimate(self._away(mirrored) / self._reference()),
            nme=self.estimate(self._errors(mirrored)),
            nme_of_mean=self.estimate(self._errors((mirrored + self._plain.predicted) / 2)),
        )

    def _found(self, batches: Iterable[Batch]) -> Predictions:
        return predict(self._method, batches, self._device)

    def _errors(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """(F,) NME of points in the photos, against the truth that the faces have as they are."""
        plain = self._plain
        return nme(points, plain.truth, plain.valid, self._schema, self._plan.normalizer, plain.ids)

    def _reference(self) -> NDArray[np.float64]:
        """(F,) photo pixels."""
        plain = self._plain
        return errors_and_reference(
            plain.predicted, plain.truth, plain.valid, self._schema, self._plan.normalizer, plain.ids
        )[1]

    def _away(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """(F,) mean distance from what was found on the faces as they are, photo pixels."""
        return np.asarray(np.linalg.norm(points - self._plain.predicted, axis=-1).mean(axis=1))
