"""A second copy of Ray's list of checkpoints, because Ray writes over the first in place.

What ends the controller in the middle of that, or a disk that is full just then, leaves half a list, with which no
training goes on. A checkpoint is deleted only when a list without it has been written, so the list before is as
good. Buckets replace an object as a whole and need no copy.
"""

import json
import shutil
from pathlib import Path
from typing import Any

from ray.train.v2._internal.execution.callback import ReportCallback

from facealign.config import UserError

_LIST = "checkpoint_manager_snapshot.json"
_COPY = "checkpoints_before.json"


class SnapshotCopy(ReportCallback):  # type: ignore[misc]  # Ray has no types
    """Makes the copy, in Ray's controller, each time that a list has been written.

    Args:
        folder: Of the training's checkpoints.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def after_report(self, training_report: Any, metrics: list[dict[str, Any]]) -> None:
        """Ray calls it, after its own part of the work."""
        mend_snapshot(self._folder)


def mend_snapshot(folder: str) -> None:
    """Make list and copy the same: the list if it is whole, else the copy.

    Raises:
        UserError: Neither is whole.
    """
    place = Path(folder)
    if "://" in folder or not (place / _LIST).exists():
        return
    whole = next((name for name in (_LIST, _COPY) if _is_whole(place / name)), None)
    if whole is None:
        raise UserError(f"{place / _LIST}: damaged; delete the folder to train anew")
    other = place / (_COPY if whole == _LIST else _LIST)
    fresh = other.with_suffix(".new")
    shutil.copyfile(place / whole, fresh)
    fresh.replace(other)


def _is_whole(path: Path) -> bool:
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return True
