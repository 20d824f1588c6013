"""A model on disk, and a training that can go on from there.

A model folder holds ``model.json`` (what it is) and ``weights.safetensors``, the weights that were measured: the
averages, in a training that averages its weights. A checkpoint is a model folder, with these beside them:

===================  ==========================================================================================
progress.json        the position in the order of the faces, and what has been measured
state.pt             optimizer and loss scaler
raw.safetensors      the weights as they are, in a training that averages them
===================  ==========================================================================================

It needs no state of random numbers, because all are functions of the position: order and augmentation
(``data.sampler.order``), and the network's own, which are seeded anew for each piece of each batch. The schedule
is one, too. Nothing in it needs a pickle to be run.
"""

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save
from torch import Tensor

from facealign.config import Settings, UserError
from facealign.geometry import CropSettings, LandmarkSchema
from facealign.methods import METHODS, Method
from facealign.training.config import TrainJob
from facealign.training.learner import Learner
from facealign.training.progress import Progress
from facealign.training.shortage import enough_disk

WEIGHTS, RAW, CARD, STATE, PROGRESS = (
    "weights.safetensors",
    "raw.safetensors",
    "model.json",
    "state.pt",
    "progress.json",
)
_log = logging.getLogger(__name__)


class InputSpec(Settings):
    """The input of a model: the crop rule, and the landmark schema."""

    crop: CropSettings
    landmarks: LandmarkSchema


class ModelCard(Settings):
    """Metadata of a model folder; ``torch`` is the version that wrote it."""

    job: TrainJob
    config_hash: str
    faces: InputSpec
    parameters: int
    torch: str = "unknown"


@dataclass(frozen=True)
class ModelFolder:
    """A model read back: the network, ready to predict, and its card."""

    method: Method
    card: ModelCard

    def require(self, faces: InputSpec, place: str | Path) -> None:
        """Refuse faces that were cut by another rule, or have other landmarks, than those of the training.

        Raises:
            UserError: They differ.
        """
        before, now = self.card.faces.model_dump(mode="json"), faces.model_dump(mode="json")
        if before != now:
            rows = differences(before, now, "trained on", "here")
            raise UserError(f"{place}: not the kind of faces that the model was trained on:\n{rows}")


def build_method(job: TrainJob, faces: InputSpec) -> Method:
    """Build the job's method with initial weights from the job's seed."""
    torch.manual_seed(job.seed)
    kind = METHODS[job.method]
    return kind(kind.Config(**job.model), faces.landmarks, faces.crop.size)


def save_model(folder: Path, method: Method, job: TrainJob, faces: InputSpec) -> None:
    """Write a model folder; ``model.json`` comes last, so a folder that has it is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    parameters = sum(parameter.numel() for parameter in method.parameters())
    _write_weights(folder / WEIGHTS, method.state_dict())
    card = ModelCard(
        job=job, config_hash=job.config_hash, faces=faces, parameters=parameters, torch=torch.__version__
    )
    _write_atomically(folder / CARD, card.model_dump_json(indent=2) + "\n")


def load_model(folder: Path) -> ModelFolder:
    """Read a model folder, in evaluation mode, on the CPU.

    Raises:
        UserError: There is no model, or it was written by another version of the method.
    """
    card = read_card(folder)
    method = build_method(card.job, card.faces)
    load_weights(folder / WEIGHTS, method)
    return ModelFolder(method.eval(), card)


def read_card(folder: Path) -> ModelCard:
    """The card alone.

    Raises:
        UserError: There is none, or it does not read as a card.
    """
    path = folder / CARD
    if not path.is_file():
        raise UserError(f"{folder}: holds no model (no model.json); train one first: `dvc repro train`")
    try:
        return ModelCard.model_validate_json(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{path}: not a model card of this version ({error}); train the model again") from None


def load_weights(file: Path, method: Method) -> None:
    """Put a file's weights into ``method``.

    Raises:
        UserError: The names or shapes differ.
    """
    try:
        method.load_state_dict(load_file(file))
    except RuntimeError as error:
        raise UserError(f"{file}: weights do not fit the method as it is now; train again\n{error}") from None


def save_checkpoint(folder: Path, learner: Learner, progress: Progress, job: TrainJob, faces: InputSpec) -> None:
    """Write all that an exact continuation needs.

    Raises:
        UserError: The disk is full.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with enough_disk(folder, "let TMPDIR name a folder on a larger disk"):
        # Through a stream of Python's: PyTorch's own does not say why it could not write.
        with (folder / STATE).open("wb") as stream:
            torch.save(learner.state_dict(), stream)
        if learner.average is not None:
            _write_weights(folder / RAW, learner.method.state_dict())
        (folder / PROGRESS).write_text(progress.model_dump_json(indent=2) + "\n", encoding="utf-8")
        with learner.as_measured() as method:
            save_model(folder, method, job, faces)


def load_checkpoint(folder: Path, learner: Learner, job: TrainJob) -> Progress:
    """Put a checkpoint into ``learner``; returns how far it had come.

    Raises:
        UserError: The checkpoint is of another job; the message shows what differs.
    """
    card = read_card(folder)
    rows = differences(card.job.determinants, job.determinants, "in the checkpoint", "now")
    if rows:
        raise UserError(f"{folder}: checkpoint of another training; it differs in:\n{rows}")
    if card.torch != torch.__version__:
        _log.warning(
            "%s: saved by PyTorch %s, and this is %s: the training goes on, but may round differently",
            folder,
            card.torch,
            torch.__version__,
        )
    if learner.average is None:
        load_weights(folder / WEIGHTS, learner.method)
    else:
        load_weights(folder / RAW, learner.method)
        learner.average.load_state_dict(load_file(folder / WEIGHTS))
    learner.load_state_dict(torch.load(folder / STATE, map_location="cpu", weights_only=True))
    return read_progress(folder)


def read_progress(folder: Path) -> Progress:
    """Read the progress of a checkpoint."""
    return Progress.model_validate_json((folder / PROGRESS).read_text(encoding="utf-8"))


def differences(one: Any, other: Any, name_one: str, name_other: str, key: str = "") -> str:
    """List the differences of two trees of values, a line each: ``key: value name_one, value name_other``."""
    if isinstance(one, dict) and isinstance(other, dict):
        keys = sorted(one.keys() | other.keys())
        rows = (
            differences(one.get(k), other.get(k), name_one, name_other, f"{key}.{k}".lstrip(".")) for k in keys
        )
        return "\n".join(row for row in rows if row)
    return "" if one == other else f"  {key}: {json.dumps(one)} {name_one}, {json.dumps(other)} {name_other}"


def _write_weights(file: Path, weights: Mapping[str, Tensor]) -> None:
    file.write_bytes(save({name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}))


def _write_atomically(path: Path, text: str) -> None:
    temporary = path.with_suffix(".tmp")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)
