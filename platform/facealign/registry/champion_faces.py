"""What the champion finds on the present test faces: as it was kept, or by its own model, loaded and run.

What a registered model found is an artifact of its run, ``measured/<model>/<data digest>.arrow``. Where there is
none for the present data, the model is asked, and its answer is kept.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from facealign.config import UserError
from facealign.geometry import LandmarkSchema
from facealign.registry.candidate import MODEL_URI
from facealign.registry.measuring import Measuring
from facealign.registry.recut import CannotRecut, crops, view_for
from facealign.tracking.address import shown
from facealign.training import Faces, Predictions
from facealign.training.evaluate import to_photos
from facealign.training.measured_faces import MeasuredFaces

FOLDER = "measured"


class NotComparable(Exception):
    """The champion cannot be asked about the present faces; the message says why."""


def keep_measured(client: Any, run_id: str, model_id: str, faces: MeasuredFaces) -> None:
    """Make what a model found an artifact of its run, if it is none yet."""
    if _has(client, run_id, _artifact(model_id, faces.data_digest)):
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / Path(_artifact(model_id, faces.data_digest)).name
        faces.write(path)
        client.log_artifact(run_id, str(path), f"{FOLDER}/{model_id}")


def champion_landmarks(
    client: Any, uri: str, version: Any, candidate: MeasuredFaces, measuring: Measuring
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


def _kept(client: Any, run_id: str, artifact: str) -> MeasuredFaces | None:
    if not _has(client, run_id, artifact):
        return None
    with tempfile.TemporaryDirectory() as folder:
        return MeasuredFaces.read(Path(client.download_artifacts(run_id, artifact, folder)))


def _by_its_model(uri: str, version: Any, candidate: MeasuredFaces, measuring: Measuring) -> MeasuredFaces:
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
                f"({error}), so nothing can be compared with it; mend the store, or put another version in force: "
                f"facealign rollback {version.name} --to VERSION"
            ) from error
        _require_same_landmarks(kind.landmarks, candidate.schema)
        try:
            view_for(reader.index.crop, kind.crop)
        except CannotRecut as error:
            raise NotComparable(str(error)) from error
        rows = [
            (to_photos(matrices, _landmarks(network, images)), matrices)
            for images, matrices in crops(reader, kind.crop)
        ]
    predicted, to_photo = (np.concatenate(column) for column in zip(*rows, strict=True))
    found = candidate.found
    return MeasuredFaces(
        Predictions(predicted, found.truth, found.valid, to_photo, found.ids),
        candidate.labels,
        candidate.schema,
        candidate.data_digest,
    )


def _kind_of(metadata: dict[str, Any] | None) -> Faces:
    """Crop rule and landmarks that a model was logged with."""
    try:
        return Faces.model_validate((metadata or {})["faces"])
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
