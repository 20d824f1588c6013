"""A model on disk, and a training that can go on from there.

A model folder holds ``model.json`` (what it is) and ``weights.safetensors``. A checkpoint is a model folder with
``progress.json`` and ``optimizer.pt`` beside them. Nothing in either needs a pickle to be run.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch.optim import Optimizer

from facealign.config import Settings, UserError
from facealign.geometry import CropSettings, LandmarkSchema
from facealign.methods import METHODS, Method
from facealign.training.config import TrainJob
from facealign.training.progress import Progress


class Faces(Settings):
    """What a model takes and gives: how faces are cut for it, and which landmarks it finds."""

    crop: CropSettings
    landmarks: LandmarkSchema


class ModelCard(Settings):
    """What a model folder says of itself."""

    job: TrainJob
    config_hash: str
    faces: Faces
    parameters: int


@dataclass(frozen=True)
class ModelFolder:
    """A model read back: the network, ready to predict, and its card."""

    method: Method
    card: ModelCard

    def require(self, faces: Faces, place: str | Path) -> None:
        """Refuse faces that were cut by another rule, or have other landmarks, than those of the training.

        Raises:
            UserError: They differ.
        """
        before, now = self.card.faces.model_dump(mode="json"), faces.model_dump(mode="json")
        if before != now:
            rows = differences(before, now, "trained on", "here")
            raise UserError(f"{place}: not the kind of faces that the model was trained on:\n{rows}")


def build_method(job: TrainJob, faces: Faces) -> Method:
    """The job's method with fresh weights, drawn from the job's seed."""
    torch.manual_seed(job.seed)
    kind = METHODS[job.method]
    return kind(kind.Config(**job.model), faces.landmarks, faces.crop.size)


def save_model(folder: Path, method: Method, job: TrainJob, faces: Faces) -> None:
    """Write a model folder; ``model.json`` comes last, so a folder that has it is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    parameters = sum(parameter.numel() for parameter in method.parameters())
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in method.state_dict().items()}
    save_file(weights, folder / "weights.safetensors")
    card = ModelCard(job=job, config_hash=job.config_hash, faces=faces, parameters=parameters)
    _write_atomically(folder / "model.json", card.model_dump_json(indent=2) + "\n")


def load_model(folder: Path) -> ModelFolder:
    """Read a model folder, in evaluation mode, on the CPU.

    Raises:
        UserError: There is no model, or it was written by another version of the method.
    """
    card = read_card(folder)
    method = build_method(card.job, card.faces)
    load_weights(folder, method)
    return ModelFolder(method.eval(), card)


def read_card(folder: Path) -> ModelCard:
    """The card alone.

    Raises:
        UserError: There is none, or it does not read as a card.
    """
    path = folder / "model.json"
    if not path.is_file():
        raise UserError(f"{folder}: holds no model (no model.json); train one first: `dvc repro train`")
    try:
        return ModelCard.model_validate_json(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{path}: not a model card of this version ({error}); train the model again") from None


def load_weights(folder: Path, method: Method) -> None:
    """Put the folder's weights into ``method``.

    Raises:
        UserError: The names or shapes differ.
    """
    try:
        method.load_state_dict(load_file(folder / "weights.safetensors"))
    except RuntimeError as error:
        raise UserError(f"{folder}: weights do not fit the method as it is now; train again\n{error}") from None


def save_checkpoint(
    folder: Path, method: Method, optimizer: Optimizer, progress: Progress, job: TrainJob, faces: Faces
) -> None:
    """Write all that an exact continuation needs."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(optimizer.state_dict(), folder / "optimizer.pt")
    (folder / "progress.json").write_text(progress.model_dump_json(indent=2) + "\n", encoding="utf-8")
    save_model(folder, method, job, faces)


def load_checkpoint(folder: Path, method: Method, optimizer: Optimizer, job: TrainJob) -> Progress:
    """Put a checkpoint into ``method`` and ``optimizer``; returns how far it had come.

    Raises:
        UserError: The checkpoint is of another job; the message shows what differs.
    """
    card = read_card(folder)
    if card.config_hash != job.config_hash:
        before, now = (j.model_dump(mode="json", exclude={"shards"}) for j in (card.job, job))
        rows = differences(before, now, "in the checkpoint", "now")
        raise UserError(f"{folder}: checkpoint of another training; it differs in:\n{rows}")
    load_weights(folder, method)
    optimizer.load_state_dict(torch.load(folder / "optimizer.pt", map_location="cpu", weights_only=True))
    return Progress.model_validate_json((folder / "progress.json").read_text(encoding="utf-8"))


def differences(one: Any, other: Any, name_one: str, name_other: str, key: str = "") -> str:
    """What differs between two trees of plain values, a line each: ``key: value name_one, value name_other``."""
    if isinstance(one, dict) and isinstance(other, dict):
        keys = sorted(one.keys() | other.keys())
        rows = (
            differences(one.get(k), other.get(k), name_one, name_other, f"{key}.{k}".lstrip(".")) for k in keys
        )
        return "\n".join(row for row in rows if row)
    return "" if one == other else f"  {key}: {json.dumps(one)} {name_one}, {json.dumps(other)} {name_other}"


def _write_atomically(path: Path, text: str) -> None:
    temporary = path.with_suffix(".tmp")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)
