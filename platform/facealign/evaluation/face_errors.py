"""The errors of each face by every normalizer: what all metrics of a fold are computed from."""

from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from facealign.config import UserError
from facealign.evaluation.config import EvaluationConfig
from facealign.evaluation.face_predictions import FacePredictions
from facealign.geometry import Normalizer
from facealign.metrics import DirectedErrors, directed_errors, face_means


@dataclass(frozen=True)
class FaceErrors:
    """The errors of F faces, fractions of the normalizers.

    Attributes:
        nme: (F,) by normalizer; those that can be measured on all of the faces, the chosen one among them.
        unmeasured: Why a normalizer of the schema cannot be measured here.
        errors: (F, N) by the chosen normalizer.
        counted: (F, N) bool; the landmarks that count.
        normalizer: The chosen one.
    """

    nme: dict[Normalizer, NDArray[np.float64]]
    unmeasured: dict[Normalizer, str]
    errors: DirectedErrors
    counted: NDArray[np.bool_]
    normalizer: Normalizer

    @property
    def chosen(self) -> NDArray[np.float64]:
        """(F,) NME by the chosen normalizer."""
        return self.nme[self.normalizer]


def face_errors(faces: FacePredictions, config: EvaluationConfig) -> FaceErrors:
    """Measure each face.

    Reference distances and directions are taken from all known landmarks, whichever count.

    Raises:
        UserError: The chosen normalizer cannot be measured, or a face has no landmark that counts.
    """
    found, schema = faces.found, faces.schema
    measured = found.predicted, found.truth, found.valid, schema
    counted_FN = found.valid & found.seen if config.landmarks == "visible" else found.valid
    errors = directed_errors(*measured, config.normalizer, found.ids)
    nme = {config.normalizer: _nme(errors, counted_FN, found.ids)}
    unmeasured: dict[Normalizer, str] = {}
    for normalizer in get_args(Normalizer):
        if normalizer in nme or not (normalizer in ("box", "diagonal") or normalizer in schema.normalizers.names):
            continue
        try:
            nme[normalizer] = _nme(directed_errors(*measured, normalizer, found.ids), counted_FN, found.ids)
        except UserError as error:
            unmeasured[normalizer] = str(error)
    return FaceErrors(nme, unmeasured, errors, counted_FN, config.normalizer)


def _nme(errors: DirectedErrors, counted_FN: NDArray[np.bool_], ids: tuple[str, ...]) -> NDArray[np.float64]:
    mean_F, has_some_F = face_means(errors.overall, counted_FN)
    if not has_some_F.all():
        without = [ids[row] for row in np.flatnonzero(~has_some_F)]
        raise UserError(
            f"{len(without)} of {len(ids)} faces have no visible landmark: {', '.join(without[:5])}; set "
            "evaluation.landmarks to known, or leave them out"
        )
    return mean_F
