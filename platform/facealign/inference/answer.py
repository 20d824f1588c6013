"""Responses of a served model."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from facealign.config import UserError
from facealign.inference.aligner import FaceAligner, upright_boxes
from facealign.inference.request import BOXES, IMAGE, BadRequest, RequestLimits, boxes_of, checked_rows, photo_of


def answer(aligner: FaceAligner, rows: Sequence[Mapping[str, Any]], limits: RequestLimits) -> list[dict[str, Any]]:
    """One answer for each row: its faces, and the model that found them.

    Images are decoded one at a time, so that memory is bounded by one.

    Raises:
        BadRequest: A row breaks a rule; nothing is answered then.
    """
    checked = checked_rows(rows, limits)
    boxes = [boxes_of(row.get(BOXES), number, limits) for number, row in enumerate(checked)]
    identity = aligner.card.identity
    answers = []
    for number, (row, given) in enumerate(zip(checked, boxes, strict=True)):
        photo = photo_of(row[IMAGE], number, limits)
        try:
            if given is None:
                asked = _largest(aligner.find(photo.image), limits.max_faces)
            else:
                asked = upright_boxes(given, photo.sent, photo.back)
            faces = [face.mapped(photo.back) for face in aligner.predict_upright(photo.image, asked)]
        except UserError as error:
            raise BadRequest(f"row {number}: {error}") from None
        found = [{"box": face.box.tolist(), "landmarks": face.landmarks.tolist()} for face in faces]
        answers.append({"faces": found, "model": identity})
    return answers


def _largest(boxes_F4: Any, most: int) -> Any:
    """The ``most`` largest, in the order they came."""
    area_F = (boxes_F4[:, 2] - boxes_F4[:, 0]) * (boxes_F4[:, 3] - boxes_F4[:, 1])
    return boxes_F4[np.sort(np.argsort(-area_F, kind="stable")[:most])]
