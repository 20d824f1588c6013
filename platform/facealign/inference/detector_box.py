"""The detector's square is not the box that training cut by: how one follows from the other.

The cascade marks the square between eyebrows and mouth; the tight box of the landmarks reaches from the eyebrows
to the chin. ``benchmarks/boxes.py`` measures the affine map between them on annotated photos; the medians over the
faces found stand here. What is left of the difference: the center is off by 0.07 of the longer side in the median
(0.14 for one face in ten), and the side by a factor of 1.07 (1.16): about what the papers' training views shift
(5 to 12 % of the crop) and scale (10 to 15 %) their faces by.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facealign.config import UserError


@dataclass(frozen=True)
class BoxRule:
    """Landmark box from detector box; all in sides of the detector's box.

    Attributes:
        right, down: From its center to the center of the landmarks' box.
        width, height: Of the landmarks' box.
    """

    right: float
    down: float
    width: float
    height: float

    def landmark_boxes(self, boxes_F4: NDArray[np.float64]) -> NDArray[np.float64]:
        """(F, 4) tight boxes of the landmarks, as far as a detector can tell."""
        size_F2 = boxes_F4[:, 2:] - boxes_F4[:, :2]
        center_F2 = (boxes_F4[:, 2:] + boxes_F4[:, :2]) / 2 + size_F2 * (self.right, self.down)
        half_F2 = size_F2 * (self.width, self.height) / 2
        return np.concatenate([center_F2 - half_F2, center_F2 + half_F2], axis=1)


def fitted(detected_F4: NDArray[np.float64], landmarks_F4: NDArray[np.float64]) -> BoxRule:
    """The rule with the median shift and the median (geometric) scale over F pairs of boxes of the same face."""
    size_F2 = detected_F4[:, 2:] - detected_F4[:, :2]
    shift_F2 = (landmarks_F4[:, 2:] + landmarks_F4[:, :2] - detected_F4[:, 2:] - detected_F4[:, :2]) / 2 / size_F2
    scale_F2 = (landmarks_F4[:, 2:] - landmarks_F4[:, :2]) / size_F2
    (right, down), (width, height) = np.median(shift_F2, axis=0), np.median(scale_F2, axis=0)
    return BoxRule(float(right), float(down), float(width), float(height))


_IBUG = BoxRule(right=0.011, down=0.149, width=0.871, height=0.846)
"""Measured on 114 faces found of 130 (300-W: AFW, HELEN and LFPW, 130 photos)."""
_WFLW = BoxRule(right=-0.004, down=0.163, width=0.875, height=0.855)
"""Measured on 89 faces found of 149 (130 of WFLW's test photos)."""

RULES: Mapping[str, BoxRule] = {"ibug68": _IBUG, "ibug70": _IBUG, "wflw98": _WFLW}
"""ibug70 is ibug68 with the pupils, which are inside."""


def box_rule(schema: str) -> BoxRule:
    """The rule for the tight box of a schema's landmarks.

    Raises:
        UserError: None has been measured.
    """
    if schema not in RULES:
        raise UserError(
            f"how a detector's box becomes one of the landmarks {schema} has not been measured (only "
            f"{', '.join(RULES)}): give boxes, or measure it with benchmarks/boxes.py"
        )
    return RULES[schema]
