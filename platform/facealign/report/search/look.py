"""How trials look in every picture: a state by its marker, the best and the paper's by theirs.

All is told by form besides colour, for a picture may be printed in black and white.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from facealign.report.search.words import STATE_WORDS
from facealign.report.style import INK, MUTED, PAPER, SERIES
from facealign.search.row import TrialRow, TrialState


@dataclass(frozen=True)
class Mark:
    """One kind of mark.

    Attributes:
        word: In legends and tables.
        hollow: Whether only its outline is drawn.
    """

    word: str
    marker: str
    colour: str
    size: float = 5.0
    hollow: bool = False

    def style(self, trials: int = 1) -> dict[str, Any]:
        """For ``Axes.plot``: marks without a line, smaller where there are hundreds of ``trials``."""
        line_mark = self.marker == "x"
        return {
            "linestyle": "none",
            "marker": self.marker,
            "markersize": self.size * min(1.0, max(0.4, (150 / max(trials, 1)) ** 0.5)),
            "color": self.colour,
            "markerfacecolor": "none" if self.hollow else self.colour,
            "markeredgecolor": self.colour if self.hollow or line_mark else PAPER,
            "markeredgewidth": 1.2 if self.hollow or line_mark else 0.5,
        }

    def key(self) -> Line2D:
        """The mark in a legend."""
        return Line2D([], [], label=self.word, **self.style())


STATES: dict[TrialState, Mark] = {
    "COMPLETE": Mark(STATE_WORDS["COMPLETE"], "o", SERIES[0]),
    "PRUNED": Mark(STATE_WORDS["PRUNED"], "v", SERIES[4], hollow=True),
    "FAIL": Mark(STATE_WORDS["FAIL"], "x", SERIES[1]),
    "RUNNING": Mark(STATE_WORDS["RUNNING"], "s", MUTED, hollow=True),
    "WAITING": Mark(STATE_WORDS["WAITING"], "|", MUTED),
}
BEST = Mark("best", "*", SERIES[1], size=13.0)
PAPERS = Mark("paper's setting", "D", INK, size=7.0, hollow=True)


_HIGHLIGHTS: dict[str, dict[str, Any]] = {
    "paper's setting": {"color": INK, "linestyle": (0, (4, 2)), "linewidth": 1.9},
    "best": {"color": SERIES[1], "linewidth": 2.5},
}


def highlight(
    axes: Any, curves: Mapping[int, NDArray[np.float64]], paper: int | None, best: TrialRow | None, **look: Any
) -> list[Line2D]:
    """Draw the paper's curve and the best one over the others; returns the legend's entries for those there are.

    Args:
        curves: (P, 2) points of a line, by the trial's number.
    """
    keys = []
    for number, (label, line) in zip((paper, best.number if best else None), _HIGHLIGHTS.items(), strict=True):
        if number is not None and number in curves:
            axes.plot(*curves[number].T, zorder=4, **line, **look)
            keys.append(Line2D([], [], label=label, **line))
    return keys
