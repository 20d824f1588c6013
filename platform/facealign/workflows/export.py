"""A trained model as one ONNX file that has proved itself."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from facealign.config import UserError
from facealign.data.synthetic import draw_face
from facealign.registry.onnx import TOLERANCE, difference_from, export_onnx
from facealign.registry.publish import Predictor
from facealign.workflows.evaluate import model_named

BATCHES = (1, 3)
"""Numbers of faces that a file is tried with."""


def export(model: str, out: Path) -> dict[int, float]:
    """Write a model as ONNX and compare the two on synthetic faces; a file that differs is deleted.

    Args:
        model: See ``model_named``.
        out: The file; its folder is made.

    Returns:
        The largest difference of a landmark, crop pixels, by the number of faces.

    Raises:
        UserError: There is no such model, packages are missing, or the file gives other landmarks.
    """
    folder = model_named(model)
    size = folder.card.faces.crop.size
    predictor = Predictor(folder.method)
    out.parent.mkdir(parents=True, exist_ok=True)
    candidate = out.with_name(f".{out.name}.new")
    export_onnx(predictor, size, candidate)
    differences = {n: difference_from(predictor, candidate, _drawn_faces(n, size)) for n in BATCHES}
    worst = max(differences.values())
    if not worst <= TOLERANCE:
        candidate.unlink()
        raise UserError(
            f"{out}: not written: its landmarks would be {worst:.3g} px from the model's, and {TOLERANCE} px is "
            "the limit; a network that is hardly trained has no clear maxima: train it on, or report this"
        )
    candidate.replace(out)
    return differences


def _drawn_faces(count: int, size: int) -> Tensor:
    """(count, 3, size, size) uint8."""
    faces = [draw_face(0, i, "ibug68", size + size % 2).image[:size, :size] for i in range(count)]
    return torch.from_numpy(np.stack(faces)).permute(0, 3, 1, 2)
