"""The landmarks of both schemas, read off one set of curves, with what the face itself hides of them."""

import numpy as np
from numpy.typing import NDArray

from facealign.config import UserError
from facealign.data.synthetic.curves import LID_POINTS

Array = NDArray[np.float64]

# (curve, places along it), in the order of the schema's indices.
_Reading = tuple[tuple[str, list[int]], ...]


def _every(count: int, step: int = 1) -> list[int]:
    return list(range(0, count, step))


def _lids(side: str, step: int) -> _Reading:
    inner = list(range(step, LID_POINTS - 1, step))
    return ((f"{side}_upper_lid", _every(LID_POINTS, step)), (f"{side}_lower_lid", inner[::-1]))


_LIPS: _Reading = (
    ("outer_lip_top", _every(7)),
    ("outer_lip_bottom", [1, 2, 3, 4, 5]),
    ("inner_lip_top", _every(5)),
    ("inner_lip_bottom", [1, 2, 3]),
)
_NOSE: _Reading = (("nose_ridge", _every(4)), ("nose_base", _every(5)))

_READINGS: dict[str, _Reading] = {
    "ibug68": (
        ("contour", _every(33, 2)),
        ("right_brow_top", _every(5)),
        ("left_brow_top", _every(5)),
        *_NOSE,
        *_lids("right", 4),
        *_lids("left", 4),
        *_LIPS,
    ),
    "wflw98": (
        ("contour", _every(33)),
        ("right_brow_top", _every(5)),
        ("right_brow_bottom", [4, 3, 2, 1]),
        ("left_brow_top", _every(5)),
        ("left_brow_bottom", [3, 2, 1, 0]),
        *_NOSE,
        *_lids("right", 3),
        *_lids("left", 3),
        *_LIPS,
        ("right_pupil", [0]),
        ("left_pupil", [0]),
    ),
}

SCHEMAS = tuple(_READINGS)
"""The landmark schemas that synthetic faces come in."""


def read_landmarks(schema: str, curves: dict[str, Array]) -> Array:
    """The landmarks (N, …) of ``schema`` from values (n, …) along each curve: pixels, or what is known of them.

    Raises:
        UserError: Synthetic faces have no such schema.
    """
    if schema not in _READINGS:
        raise UserError(
            f"synthetic faces have no schema {schema!r}; ask for one of: {', '.join(SCHEMAS)}"
        )
    return np.concatenate([curves[name][places] for name, places in _READINGS[schema]])
