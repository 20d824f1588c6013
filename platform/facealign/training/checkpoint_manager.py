"""The checkpoints of a training in a local folder: the last one, and the one with the best model."""

import os
import re
import shutil
import tempfile
from pathlib import Path

from facealign.training.checkpoint import CARD, WEIGHTS, read_progress
from facealign.training.shortage import enough_disk

_UNFINISHED = ".unfinished-"
_NAME = re.compile(r"epoch-(\d+)-step-(\d+)")


class CheckpointManager:
    """Checkpoints by their position, whole or not there at all.

    Args:
        folder: Theirs alone; made when the first one comes.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, checkpoint: Path) -> None:
        """Copy a checkpoint, then delete what is neither the last nor the best any more.

        Raises:
            UserError: The disk is full; what was kept is as it was.
        """
        progress = read_progress(checkpoint)
        self.folder.mkdir(parents=True, exist_ok=True)
        with enough_disk(self.folder, "keep checkpoints in another folder"):
            copy = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=self.folder))
            try:
                for file in checkpoint.iterdir():
                    _copy_to_disk(file, copy / file.name)
            except BaseException:
                shutil.rmtree(copy)
                raise
        place = self.folder / f"epoch-{progress.epoch}-step-{progress.step}"
        if not place.exists():  # or else it is of the same position of the same training
            copy.rename(place)
        useful = {place, self.best}
        for other in self._all() + list(self.folder.glob(f"{_UNFINISHED}*")):
            if other not in useful:
                shutil.rmtree(other)

    @property
    def last(self) -> Path | None:
        """The checkpoint to go on from."""
        return max(self._all(), key=_position, default=None)

    @property
    def best(self) -> Path | None:
        """The checkpoint with the lowest validation NME of those kept; None while none is measured."""
        scores = {place: score for place in self._all() if (score := _score(place)) is not None}
        return min(scores, key=lambda place: (scores[place], _position(place)), default=None)

    def copy_best_model(self, folder: Path) -> None:
        """Copy the best checkpoint's model into ``folder``, replacing its content."""
        best = self.best
        assert best is not None, "a finished training has measured its last epoch"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name in (WEIGHTS, CARD):
            shutil.copy(best / name, folder / name)

    def delete_checkpoints(self) -> None:
        """Delete them all."""
        shutil.rmtree(self.folder)

    def _all(self) -> list[Path]:
        return [path for path in self.folder.glob("epoch-*-step-*") if _NAME.fullmatch(path.name)]


def _position(place: Path) -> tuple[int, int]:
    found = _NAME.fullmatch(place.name)
    assert found is not None, place
    return int(found[1]), int(found[2])


def _score(place: Path) -> float | None:
    """The validation NME of the model in a checkpoint; None where it was not measured."""
    progress = read_progress(place)
    return None if progress.step or not progress.history else progress.history[-1].validation_nme


def _copy_to_disk(source: Path, target: Path) -> None:
    with source.open("rb") as reading, target.open("wb") as writing:
        shutil.copyfileobj(reading, writing, 1 << 20)
        writing.flush()
        os.fsync(writing.fileno())
