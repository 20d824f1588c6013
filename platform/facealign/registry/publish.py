"""A trained network → a logged model of its run that anyone can load: without facealign, without a pickle.

The model is an exported program (``torch.export``, MLflow's "pt2") with a free batch size. It is read back from
the store and compared with the original before it counts as ready.
"""

import copy
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from facealign.tracking import RunHandle
from facealign.tracking.address import reaching

TOLERANCE = 1e-3
"""Pixels by which a published model may differ from the original."""

_CHECKED_BATCHES = (1, 3)


def log_model(
    handle: RunHandle,
    module: nn.Module,
    example: Tensor | NDArray[np.uint8],
    name: str = "model",
    metadata: Mapping[str, Any] | None = None,
) -> str:
    """Export ``module`` and log it as a model of the run.

    Args:
        handle: The run.
        module: (B, 3, S, S) uint8 images → (B, N, 2) float32 landmarks, as ``Predictor`` does; it stays as it is.
        example: (B, 3, S, S) uint8, B ≥ 2: with one image the batch size would be frozen to 1.
        name: Of the model within its run.
        metadata: Plain values written into the model: data digest, schema, crop.

    Returns:
        The model's address, ``models:/m-…``.

    Raises:
        ValueError: The example is no such batch.
        UserError: MLflow does not answer.
        RuntimeError: What comes back from the store predicts other landmarks, or takes batches of one size only;
            the model is marked FAILED.
    """
    images = np.ascontiguousarray(example)
    if images.dtype != np.uint8 or images.ndim != 4 or len(images) < 2:
        raise ValueError(f"example is {images.dtype} {images.shape}; give uint8 (B, 3, S, S) with B at least 2")
    original = copy.deepcopy(module).cpu().eval().requires_grad_(False)
    with reaching(handle.uri), tempfile.TemporaryDirectory() as folder:
        from mlflow import MlflowClient
        from mlflow.entities import LoggedModelOutput

        client = MlflowClient(tracking_uri=handle.uri, registry_uri=handle.uri)
        params = client.get_run(handle.run_id).data.params
        model = client.create_logged_model(handle.experiment_id, name, handle.run_id, params=params)
        with _finalized(client, model.model_id):
            _save(original, images, Path(folder) / "model", model, dict(metadata or {}))
            client.log_model_artifacts(model.model_id, str(Path(folder) / "model"))
            _compare(original, images, model, handle.uri)
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
    original: nn.Module, images: NDArray[np.uint8], folder: Path, logged: Any, metadata: dict[str, Any]
) -> None:
    import mlflow.pytorch
    from mlflow.models import Model, ModelSignature
    from mlflow.types import Schema, TensorSpec

    model = Model(
        artifact_path=logged.artifact_location,
        run_id=logged.source_run_id,
        model_uuid=logged.model_id,
        model_id=logged.model_id,
    )
    landmarks = original(torch.from_numpy(images))
    mlflow.pytorch.save_model(
        original,
        str(folder),
        mlflow_model=model,
        signature=ModelSignature(
            inputs=Schema([TensorSpec(np.dtype(np.uint8), (-1, *images.shape[1:]))]),
            outputs=Schema([TensorSpec(np.dtype(np.float32), (-1, *landmarks.shape[1:]))]),
        ),
        # MLflow keeps the example with the model. Black images: nobody's face is to be published with it.
        input_example=np.zeros_like(images),
        metadata=metadata,
        serialization_format="pt2",
        # The exported program needs torch alone. Not told so, MLflow loads it in another process to find out.
        pip_requirements=[
            f"mlflow=={mlflow.__version__}",
            f"torch=={torch.__version__.split('+')[0]}",
            f"numpy=={np.__version__}",
        ],
    )
    # Without this, a machine with a GPU would refuse to load what was exported on a CPU.
    model.flavors["python_function"]["config"]["device"] = "cpu"
    model.save(str(folder / "MLmodel"))


def _compare(original: nn.Module, images: NDArray[np.uint8], model: Any, uri: str) -> None:
    """Predict with what the store gives back, in batches of one and three."""
    import mlflow.artifacts
    import mlflow.pyfunc

    with tempfile.TemporaryDirectory() as folder:
        # By its place: a models:/ address would be looked up in the process's default store, not in this one.
        fetched = mlflow.artifacts.download_artifacts(model.artifact_location, dst_path=folder, tracking_uri=uri)
        published = mlflow.pyfunc.load_model(fetched)
        for size in _CHECKED_BATCHES:
            batch = np.resize(images, (size, *images.shape[1:]))
            expected = original(torch.from_numpy(batch)).numpy()
            try:
                off = float(np.abs(published.predict(batch) - expected).max())
            except (AssertionError, RuntimeError) as error:  # how an exported program says what it was frozen to
                raise RuntimeError(
                    f"the published model {model.model_uri} does not take a batch of {size} ({error}); "
                    f"torch.export froze it to {len(images)}, because the network's code asks for the batch size"
                ) from error
            if not off <= TOLERANCE:
                raise RuntimeError(
                    f"the published model {model.model_uri} predicts landmarks {off:.3g} px off the original's in "
                    f"a batch of {size}, and {TOLERANCE} px are allowed; look at what torch.export made of the "
                    "network"
                )
