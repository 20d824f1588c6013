"""Where the pipeline's stages leave what they make, below one folder."""

from pathlib import Path

OUTPUTS = Path("outputs")
SHARDS = OUTPUTS / "shards"
PREPARED = OUTPUTS / "prepared.json"
REGISTERED = OUTPUTS / "registered.json"


def model_folder(method: str) -> Path:
    """The best model of a method."""
    return OUTPUTS / "trained" / method / "model"


def training_file(method: str) -> Path:
    """Figures of a training."""
    return OUTPUTS / "trained" / method / "training.json"


def history_file(method: str) -> Path:
    """A training's figures by epoch."""
    return OUTPUTS / "trained" / method / "history.csv"


def run_file(method: str) -> Path:
    """Which MLflow run the training is."""
    return OUTPUTS / "trained" / method / "run.json"


def evaluation_file(method: str) -> Path:
    """Figures of an evaluation."""
    return OUTPUTS / "evaluated" / method / "evaluation.json"


def ced_file(method: str) -> Path:
    """Cumulative error distribution on the test fold."""
    return OUTPUTS / "evaluated" / method / "ced.csv"


def pictures_folder(method: str) -> Path:
    """What an evaluation drew."""
    return OUTPUTS / "evaluated" / method / "pictures"


def spool() -> Path:
    """What runs keep on this machine's disk until MLflow has taken it."""
    return Path("runs").resolve() / "spool"
