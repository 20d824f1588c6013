"""Balances an epoch by head pose.

``replicate`` is pose-based data balancing (PDB; Feng et al., Wing loss, CVPR 2018, section 6; SCC, section 4 [P]):
the faces of a bin are repeated until there are as many as in the fullest bin. The papers name no limit; the
``cap`` is ours [I], because the few faces of the rarest pose would otherwise be overfitted. What does not
divide is made up by a draw without replacement, so that two faces of a bin differ by one showing at most.

``undersample`` is Anisotropic's (section 3.2 [P]): the rarest bin decides, and as many faces are drawn without
replacement from each other one. Drawing anew in every epoch lets the network see all faces in time [I]; and a bin
with fewer faces than ``smallest_bin`` is first merged with the neighbor that has fewer [I]: with a lone face in
the last bin, an epoch would be one face of each.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facealign.data.sampler.sampling import SamplingSettings


@dataclass(frozen=True, eq=False)
class PoseGroup:
    """Rows that an epoch treats alike.

    Attributes:
        rows: (R,) row numbers, ascending.
        take: Samples that an epoch takes of them: each row ⌊take / R⌋ times, and a drawn few once more.
    """

    rows: NDArray[np.int64]
    take: int


@dataclass(frozen=True, eq=False)
class EpochPlan:
    """The content of an epoch, before it is ordered.

    Attributes:
        groups: Their samples together make the epoch.
        redraws: Whether each epoch draws its few anew.
    """

    groups: tuple[PoseGroup, ...]
    redraws: bool = True

    @property
    def length(self) -> int:
        """Samples of an epoch; the same for all."""
        return sum(group.take for group in self.groups)


def plan_epoch(
    settings: SamplingSettings, faces: int, bins_of_faces: Callable[[], NDArray[np.uint8]]
) -> EpochPlan:
    """The plan of every epoch of a training.

    Args:
        settings: Whether and how to balance.
        faces: Rows of the training fold.
        bins_of_faces: Gives the pose bin of every row; called only where balancing needs it.
    """
    if settings.balance == "none":
        return EpochPlan((PoseGroup(np.arange(faces), faces),))
    bins_R = bins_of_faces()
    filled = [np.flatnonzero(bins_R == number) for number in np.unique(bins_R)]
    groups = (
        _replicated(filled, settings.cap)
        if settings.balance == "replicate"
        else _undersampled(filled, settings.smallest_bin)
    )
    return EpochPlan(tuple(groups), settings.redraw == "epoch")


def _replicated(bins: list[NDArray[np.int64]], cap: int) -> list[PoseGroup]:
    most = max(map(len, bins))
    return [PoseGroup(rows, min(most, cap * len(rows))) for rows in bins]


def _undersampled(bins: list[NDArray[np.int64]], smallest_bin: int) -> list[PoseGroup]:
    merged = list(bins)
    while len(merged) > 1 and min(map(len, merged)) < smallest_bin:
        # The bins lie in a row, from left to right: each has one neighbor or two.
        at = min(range(len(merged)), key=lambda i: len(merged[i]))
        neighbors = [i for i in (at - 1, at + 1) if 0 <= i < len(merged)]
        first = min(at, min(neighbors, key=lambda i: len(merged[i])))
        merged[first : first + 2] = [np.sort(np.concatenate(merged[first : first + 2]))]
    fewest = min(map(len, merged))
    return [PoseGroup(rows, fewest) for rows in merged]
