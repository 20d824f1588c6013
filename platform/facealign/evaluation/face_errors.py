"""The errors of each face by every normaliser: what all figures of a fold are computed from."""

from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from facealign.config import UserError
from facealign.evaluation.config import EvaluationConfig
from facealign.evaluation.face_predictions import MeasuredFaces
from facealign.geometry import Normaliser
from facealign.metrics import DirectedErrors, directed_errors, face_means


@dataclass(frozen=True)
class FaceErrors:
    """The errors of F faces, fractions of the normalisers.

    Attributes:
        nme: (F,) by normaliser; those that can be measured on all of the faces, the chosen one among them.
        unmeasured: Why a normaliser of the schema cannot be measured here.
        errors: (F, N) by the chosen normaliser.
        counted: (F, N) bool; the landmarks that count.
        normaliser: The chosen one.
    """

    nme: dict[Normaliser, NDArray[np.float64]]
    unmeasured: dict[Normaliser, str]
    errors: DirectedErrors
    counted: NDArray[np.bool_]
    normaliser: Normaliser

    @property
    def chosen(self) -> NDArray[np.float64]:
        """(F,) NME by the chosen normaliser."""
        return self.nme[self.normaliser]


def face_errors(faces: MeasuredFaces, config: EvaluationConfig) -> FaceErrors:
    """Measure each face.

    Reference distances and directions are taken from all known landmarks, whichever count.

    Raises:
        UserError: The chosen normaliser cannot be measured, or a face has no landmark that counts.
    """
    found, schema = faces.found, faces.schema
    measured = found.predicted, found.truth, found.valid, schema
    counted_FN = found.valid & found.seen if config.landmarks == "visible" else found.valid
    errors = directed_errors(*measured, config.normaliser, found.ids)
    nme = {config.normaliser: _nme(errors, counted_FN, found.ids)}
    unmeasured: dict[Normaliser, str] = {}
    for normaliser in get_args(Normaliser):
        if normaliser in nme or not (normaliser in ("box", "diagonal") or normaliser in schema.normalisers.names):
            continue
        try:
            nme[normaliser] = _nme(directed_errors(*measured, normaliser, found.ids), counted_FN, found.ids)
        except UserError as error:
            unmeasured[normaliser] = str(error)
    return FaceErrors(nme, unmeasured, errors, counted_FN, config.normaliser)


def _nme(errors: DirectedErrors, counted_FN: NDArray[np.bool_], ids: tuple[str, ...]) -> NDArray[np.float64]:
    mean_F, has_some_F = face_means(errors.overall, counted_FN)
    if not has_some_F.all():
        without = [ids[row] for row in np.flatnonzero(~has_some_F)]
        raise UserError(
            f"{len(without)} of {len(ids)} faces have no visible landmark: {', '.join(without[:5])}; set "
            "evaluation.landmarks to known, or leave them out"
        )
    return mean_F
