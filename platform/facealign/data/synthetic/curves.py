"""The facial curves on the frontal plane, in face units: eyelids, brows, nose, lips.

Both landmark schemas are read off the same curves, so that their shared landmarks coincide.
"""

import numpy as np
from numpy.typing import NDArray

from facealign.data.synthetic.person import Expression, Identity

Array = NDArray[np.float64]
Curves = dict[str, Array]
"""Points (n, 2) by name. Curves of a pair run from the image's left to its right, whichever side they are on."""

LID_POINTS = 13
"""Points of a lid: divisible in quarters (98 landmarks) and in thirds (68)."""

_T = np.linspace(0, 1, LID_POINTS)
_UPPER_LID = np.sin(np.pi * _T**0.93) ** 0.78
_LOWER_LID = np.sin(np.pi * _T**1.12) ** 0.85
_BROW_T = np.linspace(0, 1, 5)
_BROW_X = np.linspace(-1.38, 1.12, 5)
"""Position in half-widths of the eye, from its middle."""
_BROW_PROFILE = np.array([0.12, 0.75, 1.0, 1.08, 1.0])
_NOSE_X = np.array([-0.82, -0.42, 0, 0.42, 0.82])
_NOSE_Y = np.array([-0.035, -0.008, 0.015, -0.008, -0.035])
_RIDGE = np.column_stack([np.zeros(4), np.linspace(0, 1, 4)])

_LIP_X = np.array([-1, -0.6, -0.22, 0, 0.22, 0.6, 1])
_UPPER_LIP_Y = np.array([0, -0.62, -1.0, -0.84, -1.0, -0.62, 0])
_LOWER_LIP_X = np.array([1, 0.66, 0.33, 0, -0.33, -0.66, -1])
_LOWER_LIP_Y = np.array([0, 0.7, 0.96, 1.0, 0.96, 0.7, 0])
_INNER_X = np.array([-0.88, -0.4, 0, 0.4, 0.88])
_INNER_Y = np.array([0, 0.92, 1, 0.92, 0])


def facial_curves(identity: Identity, expression: Expression) -> Curves:
    """Every curve of the face but the contour, which depends on the pose."""
    curves: Curves = {}
    for side, name, lid in ((-1, "right", expression.lid_right), (1, "left", expression.lid_left)):
        curves |= _eye(identity, expression, side, name, lid)
        curves |= _brow(identity, expression, side, name)
    return curves | _nose(identity) | _lips(identity, expression)


def _eye(person: Identity, act: Expression, side: int, name: str, lid: float) -> Curves:
    """Lids from the outer corner inwards for the right eye, mirrored for the left; iris center last."""
    squint = 1 - 0.3 * max(0.0, act.smile) * min(1.0, lid)
    along = person.eye_width * (2 * _T - 1)
    x = -person.eye_distance + along
    tilt = along / person.eye_width * person.eye_slant
    upper = tilt - person.eye_height * lid * squint * _UPPER_LID
    lower = tilt + person.eye_height * (0.25 + 0.33 * min(1.0, lid) * squint) * _LOWER_LID
    if lid < 0.2:  # a closed eye's two lids meet on the lower one
        upper = lower - 0.008 * _LOWER_LID
    middle = (upper[LID_POINTS // 2] + lower[LID_POINTS // 2]) / 2
    pupil = np.array([[side * person.eye_distance + 0.08 * act.gaze_x, middle + 0.03 * act.gaze_y - 0.008]])
    return {
        f"{name}_upper_lid": _on_side(x, upper, side),
        f"{name}_lower_lid": _on_side(x, lower, side),
        f"{name}_pupil": pupil,
    }


def _brow(person: Identity, act: Expression, side: int, name: str) -> Curves:
    """Upper and lower edges, five points each, from the outer end inwards for the right brow."""
    x = -person.eye_distance + _BROW_X * person.eye_width
    raised = 0.11 * act.brow_raise
    arch = (person.brow_arch + 0.03 * act.brow_raise) * np.sin(np.pi * _BROW_T**1.2)
    slant = (person.brow_slant + 0.07 * act.frown) * (2 * _BROW_T - 1)
    line = -person.brow_height - raised - arch + slant
    thick = person.brow_thickness * _BROW_PROFILE
    x = x + 0.06 * act.frown * _BROW_T
    return {
        f"{name}_brow_top": _on_side(x, line - thick / 2, side),
        f"{name}_brow_bottom": _on_side(x, line + thick / 2, side),
    }


def _nose(person: Identity) -> Curves:
    """The ridge from its root to the tip, and the base from the right wing to the left one."""
    base, width = person.nose_base, person.nose_width
    return {
        "nose_ridge": _RIDGE * [1, base - 0.10] + [0, -0.02],
        "nose_base": np.column_stack([width * _NOSE_X, base + _NOSE_Y]),
    }


def _lips(person: Identity, act: Expression) -> Curves:
    """Outer lip: 7 points above left to right, 7 below right to left. Inner lip: 5 and 5."""
    smile = max(0.0, act.smile)
    half = person.mouth_width * (1 + 0.24 * smile - 0.38 * act.pucker - 0.1 * act.mouth_open)
    fullness = 1 - 0.25 * smile + 0.3 * act.pucker
    gap = 0.40 * act.mouth_open
    upper = person.upper_lip * fullness
    lower = person.lower_lip * fullness
    corner = 0.35 * gap

    def bend(x: Array, y: Array) -> Array:
        return np.stack([half * x, person.mouth_height + y - _lift(act, x)], axis=1)

    inner = _INNER_Y * (1 - 0.15 * np.abs(_INNER_X))
    return {
        "outer_lip_top": bend(_LIP_X, corner * np.abs(_LIP_X) + upper * _UPPER_LIP_Y - 0.04 * gap),
        "outer_lip_bottom": bend(_LOWER_LIP_X, corner + (gap - corner + lower) * _LOWER_LIP_Y),
        "inner_lip_top": bend(_INNER_X, corner * np.abs(_INNER_X) - 0.04 * gap - 0.012 * (1 - _INNER_X**2)),
        "inner_lip_bottom": bend(-_INNER_X, corner + (gap - corner) * inner),
    }


def _lift(act: Expression, x: Array) -> Array:
    """How far smile and smirk lift the lips at ``x``, −1 and 1 being the corners."""
    return np.asarray((0.13 * act.smile + 0.09 * act.smirk * x) * x * x)


def _on_side(x: Array, y: Array, side: int) -> Array:
    """The right side's curve as it is, or its mirror, run through so that x grows."""
    curve = np.stack([x, y], axis=1)
    return curve if side < 0 else curve[::-1] * np.array([-1.0, 1.0])
