"""The landmarks of both schemas, read off one set of curves, with what the face itself hides of them."""

from collections.abc import Mapping
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from facealign.config import UserError
from facealign.data.synthetic.curves import LID_POINTS

T = TypeVar("T", bound=np.generic)

# (curve, places along it), in the order of the schema's indices.
_Reading = tuple[tuple[str, slice], ...]


_ALL = slice(None)
_BETWEEN = slice(1, -1)


def _lids(side: str, step: int) -> _Reading:
    back = slice(LID_POINTS - 1 - step, 0, -step)
    return ((f"{side}_upper_lid", slice(None, None, step)), (f"{side}_lower_lid", back))


_LIPS: _Reading = (
    ("outer_lip_top", _ALL),
    ("outer_lip_bottom", _BETWEEN),
    ("inner_lip_top", _ALL),
    ("inner_lip_bottom", _BETWEEN),
)
_NOSE: _Reading = (("nose_ridge", _ALL), ("nose_base", _ALL))

_READINGS: dict[str, _Reading] = {
    "ibug68": (
        ("contour", slice(None, None, 2)),
        ("right_brow_top", _ALL),
        ("left_brow_top", _ALL),
        *_NOSE,
        *_lids("right", 4),
        *_lids("left", 4),
        *_LIPS,
    ),
    "wflw98": (
        ("contour", _ALL),
        ("right_brow_top", _ALL),
        ("right_brow_bottom", slice(4, 0, -1)),
        ("left_brow_top", _ALL),
        ("left_brow_bottom", slice(3, None, -1)),
        *_NOSE,
        *_lids("right", 3),
        *_lids("left", 3),
        *_LIPS,
        ("right_pupil", _ALL),
        ("left_pupil", _ALL),
    ),
}

SCHEMAS = tuple(_READINGS)
"""The landmark schemas that synthetic faces come in."""


def check_schema(schema: str) -> None:
    """Refuse a schema that the curves cannot be read in.

    Raises:
        UserError: Synthetic faces have no such schema.
    """
    if schema not in _READINGS:
        raise UserError(f"synthetic faces have no schema {schema!r}; ask for one of: {', '.join(SCHEMAS)}")


def read_landmarks(schema: str, curves: Mapping[str, NDArray[T]]) -> NDArray[T]:
    """The landmarks (N, …) of ``schema`` from values (n, …) along each curve: pixels, or what is hidden."""
    return np.concatenate([curves[name][places] for name, places in _READINGS[schema]])
