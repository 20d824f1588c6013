"""The pyfunc loader of a published model: rows of images in, faces out, errors with their cause.

It imports nothing of the registry, for it travels with the model (see ``bundled_source``).
"""

import threading
from pathlib import Path
from typing import Any

from mlflow.exceptions import MlflowException

from facealign.inference.aligner import FaceAligner
from facealign.inference.answer import answer
from facealign.inference.card import read_card
from facealign.inference.request import BadRequest, RequestLimits
from facealign.inference.runtimes import DEVICE, open_run


class Served:
    """Answers MLflow's calls, one at a time: OpenCV's detector serves one thread, and memory is bounded by it."""

    def __init__(self, aligner: FaceAligner, limits: RequestLimits) -> None:
        self._aligner, self._limits = aligner, limits
        self._lock = threading.Lock()

    def predict(self, data: Any, params: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        """Faces of each row, ``{"faces": [{"box": …, "landmarks": …}], "model": …}``, pixels of the images.

        Args:
            data: A table of MLflow's, or a list of rows: ``image`` (a file's bytes in base64, or pixels) and
            ``boxes``. params: There are none.

        Raises:
            MlflowException: A row breaks a rule; the server answers with status 400.
        """
        rows = data.to_dict("records") if hasattr(data, "to_dict") else data
        try:
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise BadRequest('give rows, {"dataframe_records": [{"image": …, "boxes": …}, …]}')
            with self._lock:
                return answer(self._aligner, rows, self._limits)
        except BadRequest as error:
            raise MlflowException.invalid_parameter_value(str(error)) from None


def _load_pyfunc(path: str, model_config: dict[str, Any] | None = None) -> Served:
    """Load a model; MLflow's flavor ``python_function`` calls this.

    Args:
        path: Of the model's data.
        model_config: The fields of ``RequestLimits``, and ``DEVICE``.
    """
    folder, limits = Path(path), dict(model_config or {})
    device = limits.pop(DEVICE, None)
    aligner = FaceAligner(read_card(folder), open_run(folder, "torch", device))
    return Served(aligner, RequestLimits.model_validate(limits))
