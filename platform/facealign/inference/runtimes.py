"""What runs a model's network: PyTorch, PyTorch compiled, or ONNX Runtime without PyTorch."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from facealign.config import UserError

if TYPE_CHECKING:
    from facealign.inference.aligner import Run

PROGRAM, ONNX = "model.pt2", "model.onnx"
Runtime = Literal["torch", "compiled", "onnx"]


def open_run(folder: Path, runtime: Runtime) -> "Run":
    """The network of a model's data folder, as a function of crops.

    Args:
        folder: As published, or as training left it.
        runtime: ``onnx`` needs the file ``model.onnx`` there, and the package onnxruntime.

    Raises:
        UserError: There is no such runtime, or the folder has not what it needs.
    """
    if runtime not in RUNTIMES:
        raise UserError(f"unknown runtime {runtime!r}; known are: {', '.join(get_args(Runtime))}")
    return RUNTIMES[runtime](folder)


def _torch(folder: Path) -> "Run":
    return _on_torch(_program(folder))


def _compiled(folder: Path) -> "Run":
    import torch

    return _on_torch(torch.compile(_program(folder), dynamic=True))


def _on_torch(program: Callable[[Any], Any]) -> "Run":
    import torch

    def run(crops: Any) -> Any:
        with torch.inference_mode():
            return program(torch.from_numpy(crops)).float().numpy()

    return run


def _program(folder: Path) -> Callable[[Any], Any]:
    if (folder / PROGRAM).is_file():
        import torch

        program: Callable[[Any], Any] = torch.export.load(folder / PROGRAM).module()
        return program
    from facealign.training import load_model

    method = load_model(folder).method
    return lambda images: method.decode(method(images))


def _onnx(folder: Path) -> "Run":
    file = folder / ONNX
    if not file.is_file():
        raise UserError(
            f"{file}: there is no such file; write it with `facealign export {folder} {file}`, or register the "
            "model where facealign[onnx] is installed"
        )
    try:
        import onnxruntime
    except ImportError:
        raise UserError("the runtime onnx needs one more package: pip install onnxruntime") from None
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # it warns of devices that are not there
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])

    def run(crops: Any) -> Any:
        return np.asarray(session.run(["landmarks"], {"images": crops})[0], dtype=np.float32)

    return run


RUNTIMES: Mapping[str, Callable[[Path], "Run"]] = {"torch": _torch, "compiled": _compiled, "onnx": _onnx}
