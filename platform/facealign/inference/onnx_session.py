"""ONNX Runtime on a device by its name."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from facealign.config import UserError

_CPU, _CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"


def open_session(file: Path, device: str | None) -> Any:
    """An ``InferenceSession``.

    Args:
        file: ONNX.
        device: ``cpu``, ``cuda``, ``cuda:1``; None: the first GPU if this ONNX Runtime can use one, else the CPU.

    Raises:
        UserError: The package is not installed, or cannot use the device.
    """
    try:
        import onnxruntime
    except ImportError:
        raise UserError("the runtime onnx needs one more package: pip install onnxruntime") from None
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # it warns of devices that are not there
    gpu = _gpu(device, onnxruntime.get_available_providers())
    wanted = [] if gpu is None else [(_CUDA, {"device_id": gpu})]
    session = onnxruntime.InferenceSession(str(file), options, providers=[*wanted, _CPU])
    # Where CUDA's libraries do not load, it goes on without.
    if device is not None and wanted and _CUDA not in session.get_providers():
        raise UserError(f"device {device!r}: ONNX Runtime could not open it; is CUDA installed as it wants it?")
    return session


def _gpu(device: str | None, providers: Sequence[str]) -> int | None:
    """The number of the GPU to use; None: the CPU."""
    if device is None:
        return 0 if _CUDA in providers else None
    kind, _, number = device.partition(":")
    if kind not in ("cpu", "cuda") or not (number or "0").isdecimal():
        raise UserError(f"device {device!r}: ONNX Runtime runs on cpu, cuda, cuda:1 … here")
    if kind == "cuda" and _CUDA not in providers:
        raise UserError(f"device {device!r}: this ONNX Runtime uses no GPU; pip install onnxruntime-gpu")
    return None if kind == "cpu" else int(number or 0)
