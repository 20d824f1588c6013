"""Where the pipeline's stages leave what they make, below one folder."""

import os
from pathlib import Path
from typing import NamedTuple

from facealign.cli import home
from facealign.data.shards.store import Place

SHARDS_VARIABLE = "FACEALIGN_SHARDS"

OUTPUTS = home.folder() / "outputs"
SHARDS: Place = os.environ.get(SHARDS_VARIABLE) or home.address(str(OUTPUTS / "shards"))
PREPARED = OUTPUTS / "prepared.json"
REGISTERED = OUTPUTS / "registered.json"
SPOOL = home.state_folder() / "spool"
"""What runs keep on this machine's disk until MLflow has taken it."""


class Trained(NamedTuple):
    """What the training of a method leaves."""

    model: Path  # folder of the best model
    run: Path  # which MLflow run it was
    figures: Path
    history: Path  # figures by epoch
    curve: Path  # the same, drawn


class Evaluated(NamedTuple):
    """What the evaluation of a method leaves."""

    figures: Path
    test: Path  # what was found on each face of the test fold, see MeasuredFaces
    validation: Path
    ced: Path  # cumulative error distribution on the test fold
    pictures: Path  # folder


class Searched(NamedTuple):
    """What a search leaves."""

    folder: Path  # with the study's journal
    trials: Path  # a line a trial
    best: Path  # the params file with the winner's values
    figures: Path
    page: Path  # all of it, to be looked at
    pictures: Path  # folder


def searched(name: str) -> Searched:
    """The places of a search."""
    folder = OUTPUTS / "search" / name
    names = ("trials.csv", "best.yaml", "search.json", "search.html", "pictures")
    return Searched(folder, *(folder / name for name in names))


def trained(method: str) -> Trained:
    """The places of a method's training in the pipeline."""
    return trained_in(OUTPUTS / "trained" / method)


def trained_in(folder: Path) -> Trained:
    """The places of a training in a folder."""
    names = ("model", "run.json", "training.json", "history.csv", "learning_curve.png")
    return Trained(*(folder / name for name in names))


def evaluated(method: str) -> Evaluated:
    """The places of a method's evaluation in the pipeline."""
    return evaluated_in(OUTPUTS / "evaluated" / method)


def measured(name: str) -> Evaluated:
    """The places of what was measured outside the pipeline: on other faces, or of another program."""
    return evaluated_in(OUTPUTS / "measured" / name)


def evaluated_in(folder: Path) -> Evaluated:
    """The places of an evaluation in a folder."""
    names = ("evaluation.json", "test.arrow", "validation.arrow", "ced.csv", "pictures")
    return Evaluated(*(folder / name for name in names))
