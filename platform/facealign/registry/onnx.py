"""A trained method as an ONNX file: images in, landmarks out, the decoding inside the graph."""

import copy
import warnings
from pathlib import Path

import torch
from torch import nn

from facealign.config import UserError

OPSET = 20
"""The first with an affine-free GridSample and GELU; ONNX Runtime has had it since 1.17."""


def export_onnx(module: nn.Module, image_size: int, path: Path) -> None:
    """Write ``module`` as one ONNX file with a free batch size, weights inside.

    Its input is ``images``, (B, 3, S, S) uint8 RGB; its output ``landmarks``, (B, N, 2) float32, crop pixels.

    Args:
        module: As ``Predictor``; it stays as it is.
        image_size: S, px.
        path: The file to write.

    Raises:
        UserError: The ONNX packages are not installed.
    """
    try:
        import onnxscript  # noqa: F401  # what torch exports through
    except ImportError:
        raise UserError("writing ONNX needs more packages: pip install 'facealign[onnx]'") from None
    original = copy.deepcopy(module).cpu().eval().requires_grad_(False)
    # Two images: with one, the batch size would be frozen to 1.
    images = torch.zeros(2, 3, image_size, image_size, dtype=torch.uint8)
    with warnings.catch_warnings():
        # The exporter warns of its own deprecated calls.
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            original,
            (images,),
            dynamo=True,
            dynamic_shapes=({0: torch.export.Dim("batch")},),
            input_names=["images"],
            output_names=["landmarks"],
            opset_version=OPSET,
            verbose=False,
        )
    assert program is not None
    program.save(str(path), external_data=False)
