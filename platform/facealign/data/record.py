"""One face as a data set publishes it, in facealign's own conventions."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from facealign.config import UserError, printable

WFLW_ATTRIBUTES = ("pose", "expression", "illumination", "make-up", "occlusion", "blur")
"""The six yes/no attributes of WFLW, in its order."""


@dataclass(frozen=True, kw_only=True)
class FaceRecord:
    """A face with its landmarks.

    Attributes:
        image: (H, W, 3) uint8 RGB, the whole photo.
        points: (N, 2) float64, pixels of ``image``, 0-based, origin at the center of the top-left pixel.
        visible: (N,) bool; False where the landmark is hidden. Hidden landmarks still have coordinates where the
            data set gives them; NaN where it does not.
        box: (x0, y0, x1, y1) in the same pixels, as published; None where the data set has none.
        square: (x, y, side) of the upright square that the data set's own list says to cut, in the same pixels:
            its center and its side; None where the list has none.
        attributes: Yes/no labels by name, for example those of WFLW.
    """

    image: NDArray[np.uint8]
    points: NDArray[np.float64]
    visible: NDArray[np.bool_]
    box: NDArray[np.float64] | None = None
    square: NDArray[np.float64] | None = None
    attributes: dict[str, bool] = field(default_factory=dict)


_LONGEST = 240
"""Characters of a place, and of a reason; longer ones are shortened."""


class BadSample(UserError):
    """One sample cannot be used. Preparation writes it to the quarantine report and goes on.

    Args:
        place: The file, with its line where one is at fault: ``afw/1.pts:4``.
        reason: What was found, the rule it breaks, and the remedy.
    """

    def __init__(self, place: str, reason: str) -> None:
        self.place = printable(place, _LONGEST)
        self.reason = printable(reason, _LONGEST)
        super().__init__(f"{self.place}: {self.reason}")

    def __reduce__(self) -> tuple[type["BadSample"], tuple[str, str]]:
        # Workers send it to the process that started them.
        return type(self), (self.place, self.reason)
