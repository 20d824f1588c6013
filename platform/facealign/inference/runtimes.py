"""Runtimes of a model's network: PyTorch, compiled PyTorch, or ONNX Runtime without PyTorch."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from facealign.config import UserError
from facealign.config.device import device_named
from facealign.inference.onnx_session import open_session

if TYPE_CHECKING:
    import torch

    from facealign.inference.aligner import Run

PROGRAM, ONNX = "model.pt2", "model.onnx"
DEVICE = "device"
"""Key of a served model's configuration that names its device, see ``open_run``."""
Runtime = Literal["torch", "compiled", "onnx"]


def open_run(folder: Path, runtime: Runtime, device: str | None = None) -> "Run":
    """The network of a model's data folder, as a function of crops.

    Args:
        folder: As published, or as training left it.
        runtime: ``onnx`` needs the file ``model.onnx`` there, and the package onnxruntime.
        device: ``cpu``, ``cuda``, ``cuda:1``; None: the first GPU that the runtime can use, else the CPU.

    Raises:
        UserError: There is no such runtime or device, or the folder has not what it needs.
    """
    if runtime not in RUNTIMES:
        raise UserError(f"unknown runtime {runtime!r}; known are: {', '.join(get_args(Runtime))}")
    return RUNTIMES[runtime](folder, device)


def _torch(folder: Path, device: str | None) -> "Run":
    place = device_named(device)
    return _on_torch(program_on(folder, place), place)


def _compiled(folder: Path, device: str | None) -> "Run":
    import torch

    place = device_named(device)
    return _on_torch(torch.compile(program_on(folder, place), dynamic=True), place)


def _on_torch(program: Callable[[Any], Any], device: "torch.device") -> "Run":
    import torch

    def run(crops: Any) -> Any:
        with torch.inference_mode():
            return program(torch.from_numpy(crops).to(device)).float().cpu().numpy()

    return run


def program_on(folder: Path, device: "torch.device") -> Callable[[Any], Any]:
    """The network and its decoding on a device: (B, 3, S, S) uint8 crops that are there → (B, N, 2) landmarks."""
    if (folder / PROGRAM).is_file():
        from torch import export
        from torch.export.passes import move_to_device_pass

        program = export.load(folder / PROGRAM)
        module: Callable[[Any], Any] = move_to_device_pass(program, device).module()
        return module
    from facealign.training import load_model

    method = load_model(folder).method.to(device)
    return lambda images: method.decode(method(images))


def _onnx(folder: Path, device: str | None) -> "Run":
    file = folder / ONNX
    if not file.is_file():
        raise UserError(
            f"{file}: there is no such file; write it with `facealign export {folder} {file}`, or register the "
            "model where facealign[onnx] is installed"
        )
    session = open_session(file, device)

    def run(crops: Any) -> Any:
        return np.asarray(session.run(["landmarks"], {"images": crops})[0], dtype=np.float32)

    return run


RUNTIMES: Mapping[str, Callable[[Path, str | None], "Run"]] = {
    "torch": _torch,
    "compiled": _compiled,
    "onnx": _onnx,
}
