"""Data sets that go wrong in a loading process, where it must be able to import them."""

import os
import signal
from dataclasses import dataclass
from typing import Any

from torch.utils.data import get_worker_info

from facealign.data.dataset import Draw, FaceDataset


@dataclass(frozen=True)
class Killed(FaceDataset):
    """Whoever loads its third position is killed, as by a system that is out of memory."""

    def __getitem__(self, draw: Draw) -> dict[str, Any]:
        if draw.position == 2:
            assert get_worker_info() is not None
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__getitem__(draw)


@dataclass(frozen=True)
class Broken(FaceDataset):
    """Has a mistake in it, which is no user's to fix."""

    def __getitem__(self, draw: Draw) -> dict[str, Any]:
        raise ZeroDivisionError("a mistake in the program")
