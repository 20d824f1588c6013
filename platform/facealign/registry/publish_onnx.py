"""An ONNX file beside a published model's program, made from that program and compared with it."""

import tempfile
from pathlib import Path

import numpy as np
import torch

from facealign.config import UserError
from facealign.inference.card import read_card
from facealign.inference.load import PUBLISHED
from facealign.inference.runtimes import ONNX, PROGRAM, open_run
from facealign.registry.onnx import TOLERANCE, require_packages, write_onnx
from facealign.tracking.address import reaching

_CHECKED_BATCHES = (1, 3)


def add_onnx(uri: str, model_uri: str) -> bool:
    """Put ``model.onnx`` into a logged model, so that it runs without torch; calling again changes nothing.

    Args:
        uri: Of MLflow, as in a ``RunHandle``.
        model_uri: ``models:/m-…``, as ``log_model`` gave it.

    Returns:
        Whether the file is there: not without the ONNX packages, nor where ONNX Runtime finds other landmarks.

    Raises:
        UserError: The model holds nothing that photos can be given to, or MLflow does not answer.
    """
    with reaching(uri), tempfile.TemporaryDirectory() as folder:
        from mlflow import MlflowClient
        from mlflow.artifacts import download_artifacts

        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        model = client.get_logged_model(model_uri.removeprefix("models:/"))
        place = f"{model.artifact_location}/{PUBLISHED}"
        if not client.list_logged_model_artifacts(model.model_id, PUBLISHED):
            raise UserError(
                f"{model_uri} holds no {PUBLISHED}, so it could be neither used nor served: an older version "
                "of this program logged it. Train it again"
            )
        try:
            require_packages()
        except UserError:
            return False
        data = Path(download_artifacts(place, dst_path=folder, tracking_uri=uri))
        if not (data / ONNX).is_file():
            write_onnx(torch.export.load(data / PROGRAM), data / ONNX)
            if not _difference(data) <= TOLERANCE:
                return False
            # A folder's content goes to where the model's own files are.
            upload = Path(folder) / "upload"
            (upload / PUBLISHED).mkdir(parents=True)
            (data / ONNX).rename(upload / PUBLISHED / ONNX)
            client.log_model_artifacts(model.model_id, str(upload))
    return True


def _difference(data: Path) -> float:
    """The largest between the two files' landmarks on noise, crop pixels; NaN if either has one."""
    size = read_card(data).crop.size
    noise = np.random.default_rng(0).integers(0, 256, (max(_CHECKED_BATCHES), 3, size, size), dtype=np.uint8)
    one, other = open_run(data, "torch", "cpu"), open_run(data, "onnx", "cpu")
    return max(float(np.abs(one(noise[:count]) - other(noise[:count])).max()) for count in _CHECKED_BATCHES)
