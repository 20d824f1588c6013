"""The value that a trial is shown at."""

import math
from collections.abc import Sequence

from facealign.search.row import TrialRow


def shown_value(row: TrialRow, objectives: Sequence[str], objective: int = 0) -> float | None:
    """A finished trial's value; of another the lowest NME of its epochs, if that is what the objective speaks of.

    None: it has nothing to show.
    """
    if row.state == "COMPLETE":
        candidates = row.values[objective : objective + 1]
    else:
        candidates = tuple(row.rungs.values()) if objectives[objective] == "nme" and row.state != "FAIL" else ()
    return min((value for value in candidates if math.isfinite(value)), default=None)
