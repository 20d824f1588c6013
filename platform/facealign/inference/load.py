"""A model by its name in the registry, or by its folder."""

from pathlib import Path

from facealign.inference.aligner import FaceAligner
from facealign.inference.card import read_card
from facealign.inference.detector import Find
from facealign.inference.runtimes import Runtime, open_run

REGISTERED = "models:/"
PUBLISHED = "data/model"
"""Where a published model keeps what runs it, within its folder."""


def load(
    address: str | Path,
    runtime: Runtime = "torch",
    find: Find | None = None,
    batch_size: int = 16,
    tracking_uri: str | None = None,
    device: str | None = None,
) -> FaceAligner:
    """A model that is ready for photos.

    Args:
        address: ``models:/NAME@champion``, ``models:/NAME/3``, a folder of a model downloaded from MLflow, or one
            that training left.
        runtime: ``torch``, ``compiled`` (slow to start, then faster) or ``onnx`` (without torch).
        find: A detector of your own, see ``FaceAligner``.
        batch_size: Faces that are run at once.
        tracking_uri: Of the MLflow that knows a ``models:/`` address; None: MLFLOW_TRACKING_URI, else
            mlflow.db in the current folder.
        device: ``cpu``, ``cuda``, ``cuda:1``; None: the first GPU that the runtime can use, else the CPU.

    Raises:
        UserError: There is no such model, or the runtime cannot run it.
    """

    def opened(folder: Path) -> FaceAligner:
        data = folder / PUBLISHED if (folder / "MLmodel").is_file() else folder
        return FaceAligner(read_card(data), open_run(data, runtime, device), find, batch_size)

    if str(address).startswith(REGISTERED):
        from facealign.tracking.models import fetched_model

        with fetched_model(str(address), tracking_uri) as folder:
            return opened(folder)
    return opened(Path(address))
