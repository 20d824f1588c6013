"""A trained method as an ONNX file: images in, landmarks out, the decoding inside the graph."""

import logging
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.export import ExportedProgram

from facealign.config import UserError
from facealign.inference.card import read_card
from facealign.inference.load import PUBLISHED
from facealign.inference.runtimes import ONNX, PROGRAM, open_run
from facealign.registry.publish import export_program, frozen
from facealign.tracking.address import reaching

OPSET = 20
"""The first with an affine-free GridSample and GELU; ONNX Runtime has had it since 1.17."""

TOLERANCE = 0.01
"""Pixels by which a file's landmarks may differ from the model's."""


def export_onnx(module: nn.Module, image_size: int, path: Path) -> None:
    """Write ``module`` as one ONNX file, see ``write_onnx``.

    Args:
        module: As ``Predictor``; it stays as it is.
        image_size: S, px.
        path: The file to write.

    Raises:
        UserError: The ONNX packages are not installed.
    """
    write_onnx(export_program(frozen(module), image_size), path)


def write_onnx(program: ExportedProgram, path: Path) -> None:
    """Write a program as one ONNX file with a free batch size, weights inside.

    Its input is ``images``, (B, 3, S, S) uint8 RGB; its output ``landmarks``, (B, N, 2) float32, crop pixels.

    Args:
        program: See ``export_program``.
        path: The file to write.

    Raises:
        UserError: The ONNX packages are not installed.
    """
    require_packages()
    with _quiet_exporter():
        written = torch.onnx.export(
            program,
            dynamo=True,
            input_names=["images"],
            output_names=["landmarks"],
            opset_version=OPSET,
            verbose=False,
        )
    assert written is not None
    written.save(str(path), external_data=False)


@torch.no_grad()
def difference_from(module: nn.Module, path: Path, images: Tensor) -> float:
    """The largest difference between a file's landmarks and its module's, crop pixels; NaN if either has one.

    Args:
        module: What the file was made from, on the CPU, in evaluation mode.
        path: The ONNX file.
        images: (B, 3, S, S) uint8 RGB.

    Raises:
        UserError: The ONNX packages are not installed.
    """
    require_packages()
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (landmarks,) = session.run(["landmarks"], {"images": images.contiguous().numpy()})
    own = module(images)
    if tuple(own.shape) != landmarks.shape:
        raise RuntimeError(f"{path}: gives {landmarks.shape} for {len(images)} faces, and not {tuple(own.shape)}")
    return float((own - torch.from_numpy(landmarks)).abs().max())


def require_packages() -> None:
    """Require the packages that ``facealign[onnx]`` installs.

    Raises:
        UserError: It is not installed.
    """
    try:
        import onnxruntime  # noqa: F401  # what tries the file
        import onnxscript  # noqa: F401  # what torch exports through
    except ImportError:
        raise UserError("writing ONNX needs more packages: pip install 'facealign[onnx]'") from None


@contextmanager
def _quiet_exporter() -> Iterator[None]:
    """Silence the exporter's warnings of its own deprecated calls and of optional packages."""
    log = logging.getLogger("torch.onnx._internal.exporter")  # torch sets the level of torch.onnx itself
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)


# An ONNX file beside a published model's program, made from that program and compared with it.


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
