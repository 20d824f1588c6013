"""A trained network → a logged model of its run that anyone can load: without facealign, without a pickle.

It has two of MLflow's flavors. ``python_function`` takes whole photos and gives landmarks in their pixels; it is
what ``mlflow models serve`` serves. ``pytorch`` is the network alone, crops in, landmarks in crop pixels out: an
exported program (``torch.export``, "pt2") with a free batch size. Both are read back from the store and compared
with the original before the model counts as ready.
"""

import base64
import copy
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from facealign.data.images import encode
from facealign.inference import Card, FaceAligner
from facealign.inference.card import CARD
from facealign.inference.load import PUBLISHED
from facealign.inference.request import BOXES, IMAGE, RequestLimits
from facealign.inference.runtimes import DEVICE, PROGRAM, open_run
from facealign.methods.base import Method
from facealign.registry.bundled_source import LOADER, PACKAGES, bundle_source
from facealign.tracking import RunHandle
from facealign.tracking.address import reaching

# A trained module as an exported program: the file that runs without the code that made it.


def frozen(module: nn.Module) -> nn.Module:
    """A copy on the CPU, in evaluation mode, that needs no gradients; the module stays as it is."""
    return copy.deepcopy(module).cpu().eval().requires_grad_(False)


def export_program(module: nn.Module, image_size: int) -> torch.export.ExportedProgram:
    """``torch.export`` with a free batch size.

    Args:
        module: ``frozen``; (B, 3, S, S) uint8 RGB → (B, N, 2) float32 landmarks, as ``Predictor`` does.
        image_size: S, px.
    """
    # Two images: with one, the batch size would be frozen to 1. Black ones: what an export was made with stays in
    # it, and nobody's face is to be published.
    images = torch.zeros(2, 3, image_size, image_size, dtype=torch.uint8)
    return torch.export.export(module, (images,), dynamic_shapes=({0: torch.export.Dim.AUTO},))


TOLERANCE = 1e-3
"""Pixels by which a published model may differ from the original."""

_CHECKED_BATCHES = (1, 3)
_BLACK = base64.b64encode(encode(np.zeros((64, 64, 3), dtype=np.uint8), "png", quality=0)).decode()
"""An image for the example that MLflow keeps with the model."""


def log_model(
    handle: RunHandle,
    module: nn.Module,
    example: Tensor | NDArray[np.uint8],
    card: Card,
    name: str = "model",
    metadata: Mapping[str, Any] | None = None,
) -> str:
    """Export ``module`` and log it as a model of the run.

    Args:
        handle: The run.
        module: (B, 3, S, S) uint8 images → (B, N, 2) float32 landmarks, as ``Predictor`` does; it stays as it is.
        example: (B, 3, S, S) uint8 crops to compare the published model with ``module`` on.
        card: What the model is; goes with everything it finds.
        name: Of the model within its run.
        metadata: Further plain values written into the model.

    Returns:
        The model's address, ``models:/m-…``.

    Raises:
        ValueError: The example is no such batch.
        UserError: MLflow does not answer.
        RuntimeError: What comes back from the store predicts other landmarks, or takes batches of one size only;
            the model is marked FAILED.
    """
    images = np.ascontiguousarray(example)
    if images.dtype != np.uint8 or images.ndim != 4 or not len(images):
        raise ValueError(f"example is {images.dtype} {images.shape}; give uint8 (B, 3, S, S)")
    original = frozen(module)
    with reaching(handle.uri), tempfile.TemporaryDirectory() as folder:
        from mlflow import MlflowClient
        from mlflow.entities import LoggedModelOutput

        client = MlflowClient(tracking_uri=handle.uri, registry_uri=handle.uri)
        params = client.get_run(handle.run_id).data.params
        model = client.create_logged_model(handle.experiment_id, name, handle.run_id, params=params)
        with _finalized(client, model.model_id):
            card = card.model_copy(update={"model": str(model.model_uri)})
            _save(original, images.shape[-1], card, Path(folder), model, dict(metadata or {}))
            client.log_model_artifacts(model.model_id, str(Path(folder) / "model"))
            _compare(original, images, card, model, handle.uri)
        client.log_outputs(handle.run_id, [LoggedModelOutput(model.model_id, step=0)])
    return str(model.model_uri)


@contextmanager
def _finalized(client: Any, model_id: str) -> Iterator[None]:
    """READY if what is inside succeeds; else FAILED."""
    status = "FAILED"
    try:
        yield
        status = "READY"
    finally:
        client.finalize_logged_model(model_id, status)


def _save(
    original: nn.Module,
    image_size: int,
    card: Card,
    folder: Path,
    logged: Any,
    metadata: dict[str, Any],
) -> None:
    """Write the model into ``folder/model``; the rest of ``folder`` is room to work in."""
    import mlflow.pyfunc
    from mlflow.models import Model, ModelSignature
    from mlflow.types.schema import AnyType, ColSpec, Schema

    data = folder / PUBLISHED
    data.mkdir(parents=True)
    (data / CARD).write_text(card.model_dump_json(indent=2) + "\n", encoding="utf-8")
    torch.export.save(export_program(original, image_size), data / PROGRAM)
    bundle = bundle_source(folder)
    model = Model(
        artifact_path=logged.artifact_location,
        run_id=logged.source_run_id,
        model_uuid=logged.model_id,
        model_id=logged.model_id,
    )
    # The second flavor; its loader finds the program in the same place.
    model.add_flavor("pytorch", model_data=PUBLISHED, pytorch_version=str(torch.__version__), code=None)
    mlflow.pyfunc.save_model(
        str(folder / "model"),
        loader_module=f"{bundle.name}.{LOADER}",
        data_path=str(data),
        code_paths=[str(bundle)],
        mlflow_model=model,
        signature=ModelSignature(
            inputs=Schema([ColSpec(AnyType(), IMAGE), ColSpec(AnyType(), BOXES, required=False)]),
            outputs=Schema([ColSpec(AnyType(), "faces"), ColSpec(AnyType(), "model")]),
        ),
        input_example=_rows([_BLACK, _BLACK], [[[8, 8, 55, 55]], [[8, 8, 31, 31], [32, 32, 55, 55]]]),
        metadata=metadata,
        model_config={**RequestLimits().model_dump(), DEVICE: None},
        # Without this, MLflow loads the model in another process to find out.
        pip_requirements=[f"{name}=={version(name).split('+')[0]}" for name in PACKAGES],
    )


def _rows(image_files: Sequence[Any], boxes: Sequence[Any]) -> Any:
    """A table as the model takes it."""
    import pandas as pd

    table = pd.DataFrame({IMAGE: list(image_files), BOXES: list(boxes)})
    # MLflow compares the names with numbers, of which pandas warns where names are its own kind of text.
    table.columns = pd.Index([IMAGE, BOXES], dtype=object)
    return table


def _compare(original: nn.Module, images: NDArray[np.uint8], card: Card, model: Any, uri: str) -> None:
    """Predict with what the store gives back, crops and photos, in batches of one and three."""
    import mlflow.artifacts
    import mlflow.pyfunc

    def run(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.asarray(original(torch.from_numpy(crops)).numpy())

    whole = FaceAligner(card, run)
    with tempfile.TemporaryDirectory() as folder:
        # By its place: a models:/ address would be looked up in the process's default store, not in this one.
        fetched = mlflow.artifacts.download_artifacts(model.artifact_location, dst_path=folder, tracking_uri=uri)
        crops = open_run(Path(fetched) / PUBLISHED, "torch", "cpu")
        photos = mlflow.pyfunc.load_model(fetched, model_config={DEVICE: "cpu"})
        for size in _CHECKED_BATCHES:
            batch = np.resize(images, (size, *images.shape[1:]))
            image_files = [np.ascontiguousarray(image.transpose(1, 2, 0)) for image in batch]
            # A row with one face, the next with two …; each image is a crop and its own photo.
            boxes = [np.resize(_inner_box(picture), (1 + i % 2, 4)) for i, picture in enumerate(image_files)]
            try:
                found = crops(batch)
                answers = photos.predict(_rows(image_files, boxes))
            except (AssertionError, RuntimeError) as error:  # how an exported program says what it was frozen to
                raise RuntimeError(
                    f"the published model {model.model_uri} does not take a batch of {size} ({error}); "
                    "torch.export froze it to another, because the network's code asks for the batch size"
                ) from error
            _require_equal(model.model_uri, size, found, run(batch))
            for picture, given, answer in zip(image_files, boxes, answers, strict=True):
                expected = np.array([face.landmarks for face in whole.predict(picture, given)])
                _require_equal(
                    model.model_uri, size, np.array([face["landmarks"] for face in answer["faces"]]), expected
                )


def _inner_box(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    height, width = picture.shape[:2]
    return np.array([0.2 * width, 0.2 * height, 0.8 * width, 0.8 * height])


def _require_equal(model_uri: str, size: int, found: NDArray[Any], expected: NDArray[Any]) -> None:
    off = float(np.abs(found - expected).max())
    if not off <= TOLERANCE:
        raise RuntimeError(
            f"the published model {model_uri} predicts landmarks {off:.3g} px off the original's in a batch of "
            f"{size}, and {TOLERANCE} px are allowed; look at what torch.export made of the network"
        )


# What is published of a method: images in, landmarks out.


class Predictor(nn.Module):
    """A method's network and its decoding as one module.

    Args:
        method: The trained method; the predictor shares its weights.
    """

    def __init__(self, method: Method) -> None:
        super().__init__()
        self.method = method

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, S, S) uint8 RGB crops → (B, N, 2) float32 landmarks, crop pixels."""
        landmarks: Tensor = self.method.decode(self.method(images))
        return landmarks
