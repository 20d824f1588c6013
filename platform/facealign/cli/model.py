"""Models that a command is told by name."""

from pathlib import Path

from facealign.cli import paths
from facealign.methods import METHODS
from facealign.training import ModelFolder, load_model


def model_named(name: str) -> ModelFolder:
    """A method's name stands for its model in ``outputs``; every other name for a model folder.

    Raises:
        UserError: There is no model.
    """
    return load_model(paths.trained(name).model if name in METHODS else Path(name))
