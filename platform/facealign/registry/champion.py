"""Predictions of the champion on the present test faces: stored ones, or made by its model.

What a registered model found is an artifact of its run, ``measured/<model>/<data digest>.arrow``. Where there is
none for the present data, the model is asked, and its answer is kept.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from facealign.config import UserError
from facealign.data.augmentation.views import CropView, cut_image, plain_view, view_to_photo
from facealign.data.preparing.warp import warp
from facealign.data.shards.reader import ShardReader
from facealign.evaluation.face_predictions import FacePredictions
from facealign.geometry import CropSettings, LandmarkSchema, Normalizer, affine
from facealign.metrics import nme
from facealign.registry.versions import MODEL_URI
from facealign.storage.store import Place
from facealign.tracking.address import shown
from facealign.training import InputSpec, Predictions
from facealign.training.predictions import to_photos

# How errors are taken at the gate: on which faces, by which distance; and those of the mean shape.


@dataclass(frozen=True)
class Measuring:
    """How errors are measured: normalizer and landmarks.

    Attributes:
        shards: Where the test faces lie.
        normalizer: Reference distance of the NME.
        failure_threshold: NME above which a face has failed.
    """

    shards: Place
    normalizer: Normalizer
    failure_threshold: float

    def test_faces(self, measured: FacePredictions) -> ShardReader:
        """The faces that ``measured`` is of.

        Raises:
            UserError: The shards hold others.
        """
        reader = ShardReader(self.shards, "test")
        if reader.index.digest != measured.data_digest or reader_ids(reader) != measured.found.ids:
            raise UserError(
                f"{self.shards}: content {reader.index.digest[:12]}, and the model was measured on "
                f"{measured.data_digest[:12]}; evaluate it again"
            )
        return reader

    def errors(self, predicted: NDArray[np.float64], measured: FacePredictions) -> NDArray[np.float64]:
        """(F,) NME of landmarks (F, N, 2), photo pixels, by the truth of ``measured``.

        Raises:
            UserError: See ``metrics.nme``.
        """
        found = measured.found
        return nme(predicted, found.truth, found.valid, measured.schema, self.normalizer, found.ids)

    def mean_shape(self, measured: FacePredictions) -> NDArray[np.float64]:
        """(F, N, 2), photo pixels: the training faces' mean landmarks laid into each crop.

        Raises:
            UserError: The shards are others, or have no statistics.
        """
        self.test_faces(measured)
        mean = ShardReader(self.shards, "train").statistics().mean_shape
        return measured.found.in_photos(np.broadcast_to(mean, measured.found.predicted.shape))


def reader_ids(reader: ShardReader) -> tuple[str, ...]:
    """The ids of a fold's faces, in row order."""
    return tuple(labels.id for labels in reader.labels())


# Stored faces cut as another model wants them: the champion's crop rule on the present shards.


_TOLERANCE = 1e-6


class CannotRecrop(ValueError):
    """The stored images do not hold what a crop rule asks for; the message says why and what would."""


def view_for(stored: CropSettings, wanted: CropSettings) -> CropView:
    """Where in a stored image the crop lies that another rule cuts.

    Both squares are upright and about the middle of the same box; their sides are as their margins.

    Raises:
        CannotRecrop: They are not about the same box; or the crop is larger than what is stored, or finer.
    """
    for key in ("box", "side"):
        before, now = getattr(wanted, key), getattr(stored, key)
        if before != now:
            raise CannotRecrop(f"it was trained on crops with crop.{key}: {before}, and the faces have {now}")
    side = wanted.margin / stored.margin * stored.size
    if side > stored.stored_size * (1 + _TOLERANCE):
        raise CannotRecrop(
            f"it sees {wanted.margin:g} times the box, and the stored images show "
            f"{stored.margin * stored.stored_size / stored.size:.3g}; prepare with data.crop.context "
            f"{wanted.margin / stored.margin:.3g} or more"
        )
    if wanted.size > side * (1 + _TOLERANCE):
        raise CannotRecrop(
            f"its {wanted.size} px would be cut from {side:.0f} stored ones, and so be blurred; prepare with "
            f"data.crop.size {np.ceil(wanted.size * stored.margin / wanted.margin):.0f} or more"
        )
    if wanted.size == stored.size and abs(side - stored.size) < _TOLERANCE * side:
        return plain_view(stored)
    middle = (stored.stored_size - 1) / 2
    return CropView(affine.crop_to_square((middle, middle), side, wanted.size))


def crops(
    reader: ShardReader, wanted: CropSettings, batch_size: int = 32
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float64]]]:
    """The faces of a fold in their order, as a network of another crop rule takes them.

    Yields:
        (B, 3, S, S) uint8 RGB; and (B, 2, 3), crop pixels → pixels of the photos.

    Raises:
        CannotRecrop: See ``view_for``.
    """
    stored = reader.index.crop
    view = view_for(stored, wanted)
    # A plain cut is a slice of what is stored, to the byte what the evaluation of that crop rule sees.
    is_plain = np.array_equal(view.matrix, plain_view(stored).matrix)
    for start in range(0, len(reader), batch_size):
        faces = [reader[row] for row in range(start, min(start + batch_size, len(reader)))]
        images = [
            cut_image(face.image(), view, wanted.size)
            if is_plain
            else warp(face.image(), view.matrix, wanted.size)
            for face in faces
        ]
        yield (
            np.stack(images).transpose(0, 3, 1, 2),
            np.stack([view_to_photo(face.to_photo, view) for face in faces]),
        )


FOLDER = "measured"


class NotComparable(Exception):
    """The champion cannot be asked about the present faces; the message says why."""


def keep_measured(client: Any, run_id: str, model_id: str, faces: FacePredictions) -> None:
    """Make what a model found an artifact of its run, if it is none yet."""
    if _has(client, run_id, _artifact(model_id, faces.data_digest)):
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / Path(_artifact(model_id, faces.data_digest)).name
        faces.write(path)
        client.log_artifact(run_id, str(path), f"{FOLDER}/{model_id}")


def champion_landmarks(
    client: Any, uri: str, version: Any, candidate: FacePredictions, measuring: Measuring
) -> NDArray[np.float64]:
    """(F, N, 2), photo pixels: what a version finds on the faces that the candidate was measured on.

    Args:
        client: Of MLflow at ``uri``.
        version: As MLflow has it.

    Raises:
        NotComparable: It finds other landmarks, or the faces cannot be cut as it wants them.
        UserError: Its model is not to be had; or the faces are not those of ``measuring``.
    """
    model_id = version.tags.get(MODEL_URI, "").removeprefix("models:/")
    has_run = bool(version.run_id and model_id)
    kept = _kept(client, version.run_id, _artifact(model_id, candidate.data_digest)) if has_run else None
    if kept is None:
        kept = _by_its_model(uri, version, candidate, measuring)
        if has_run:
            keep_measured(client, version.run_id, model_id, kept)
    _require_same_landmarks(kept.schema, candidate.schema)
    if kept.found.ids != candidate.found.ids:
        raise UserError(
            f"run {version.run_id}: {_artifact(model_id, candidate.data_digest)} is of other faces than its name "
            "says; delete it there"
        )
    return kept.found.predicted


def _artifact(model_id: str, data_digest: str) -> str:
    return f"{FOLDER}/{model_id}/{data_digest[:16]}.arrow"


def _has(client: Any, run_id: str, artifact: str) -> bool:
    return artifact in {file.path for file in client.list_artifacts(run_id, str(Path(artifact).parent))}


def _kept(client: Any, run_id: str, artifact: str) -> FacePredictions | None:
    if not _has(client, run_id, artifact):
        return None
    with tempfile.TemporaryDirectory() as folder:
        return FacePredictions.read(Path(client.download_artifacts(run_id, artifact, folder)))


def _by_its_model(uri: str, version: Any, candidate: FacePredictions, measuring: Measuring) -> FacePredictions:
    import mlflow.artifacts
    import mlflow.pytorch
    from mlflow.exceptions import MlflowException
    from mlflow.models import Model

    reader = measuring.test_faces(candidate)
    with tempfile.TemporaryDirectory() as folder:
        try:
            # By its place: a models:/ address would be looked up in the process's default store, not in this one.
            place = mlflow.artifacts.download_artifacts(version.source, dst_path=folder, tracking_uri=uri)
            kind = _kind_of(Model.load(place).metadata)
            network = mlflow.pytorch.load_model(place)
        except (MlflowException, OSError) as error:
            raise UserError(
                f"models:/{version.name}/{version.version} cannot be loaded from {shown(version.source)} "
                f"({error}), so nothing can be compared with it; fix the store, or promote another version: "
                f"facealign rollback {version.name} --to VERSION"
            ) from error
        _require_same_landmarks(kind.landmarks, candidate.schema)
        try:
            view_for(reader.index.crop, kind.crop)
        except CannotRecrop as error:
            raise NotComparable(str(error)) from error
        rows = [
            (to_photos(matrices, _landmarks(network, images)), matrices)
            for images, matrices in crops(reader, kind.crop)
        ]
    predicted, to_photo = (np.concatenate(column) for column in zip(*rows, strict=True))
    found = candidate.found
    return FacePredictions(
        Predictions(predicted, found.truth, found.valid, to_photo, found.ids),
        candidate.labels,
        candidate.schema,
        candidate.data_digest,
    )


def _kind_of(metadata: dict[str, Any] | None) -> InputSpec:
    """Crop rule and landmarks that a model was logged with."""
    try:
        return InputSpec.model_validate((metadata or {})["faces"])
    except (KeyError, ValueError) as error:
        raise NotComparable(
            f"its model does not say for which crops and landmarks it was made ({error}); this program logs that "
            "with every model"
        ) from error


def _require_same_landmarks(before: LandmarkSchema, now: LandmarkSchema) -> None:
    if before != now:
        what = (
            f"landmarks {before.name} ({before.size}), and the faces have {now.name} ({now.size})"
            if (before.name, before.size) != (now.name, now.size)
            else f"another form of the landmark schema {now.name} than the faces have"
        )
        raise NotComparable(f"it finds {what}")


@torch.no_grad()
def _landmarks(network: Any, images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(B, 3, S, S) → (B, N, 2), crop pixels."""
    return np.asarray(network(torch.from_numpy(np.ascontiguousarray(images))).double().numpy())
