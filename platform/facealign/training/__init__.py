"""The loop, its state, its checkpoints. No Ray here: a model trains in a plain process."""

from facealign.training.checkpoint import InputSpec, ModelFolder, load_model, save_model
from facealign.training.config import TrainConfig, TrainJob
from facealign.training.fit import fit
from facealign.training.predictions import Predictions, predict
from facealign.training.world import World

__all__ = [
    "InputSpec",
    "ModelFolder",
    "Predictions",
    "TrainConfig",
    "TrainJob",
    "World",
    "fit",
    "load_model",
    "predict",
    "save_model",
]
