"""A training in this very process: one device, no Ray, for a machine alone, a notebook or a debugger.

from pathlib import Path
from facealign.training.plain import train_plain

progress = train_plain(job, Path("runs/mine"), "cuda", print)
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from facealign.config.device import device_named
from facealign.storage.locks import alone_in
from facealign.training.callback import epoch_event, log_event
from facealign.training.checkpoint_manager import CheckpointManager
from facealign.training.config import TrainJob
from facealign.training.fit import fit
from facealign.training.progress import Progress
from facealign.training.stopping import Stopped, StopSignals
from facealign.training.world import World

OnEvent = Callable[[dict[str, Any]], None]


def train_plain(job: TrainJob, folder: Path, device: str | None, on_event: OnEvent) -> Progress:
    """Train ``job`` here, and keep its last and its best checkpoint in ``folder``.

    A training that was cut off goes on where its last checkpoint stands, and one that is done is not done again.
    Only the main thread of a process can call this.

    Args:
        job: What to train.
        folder: For checkpoints of this job alone; ``CheckpointManager`` reads it.
        device: As PyTorch names it, ``cpu``, ``cuda``, ``cuda:1``; None: the first GPU if there is one.
        on_event: TrialReport ``{"kind": "log" | "epoch" | "stopping", …}``, as ``report.progress`` shows it.

    Returns:
        The finished training's history.

    Raises:
        Stopped: SIGINT (Ctrl-C) or SIGTERM came; a checkpoint has been saved.
        UserError: As ``fit`` raises it, there is no such device, or another process trains into ``folder``.
    """
    kept = CheckpointManager(folder)
    with alone_in(folder, "trains there"), StopSignals() as signals:
        progress = fit(job, World(device=device_named(device)), LocalCallback(kept, signals, on_event), kept.last)
        if signals.received is not None and not progress.is_done(job.train):
            raise Stopped(progress, signals.received)
    return progress


class LocalCallback:
    """Callback of a plain training: reports events, keeps checkpoints in a folder, and stops at a signal."""

    def __init__(self, kept: CheckpointManager, signals: StopSignals, on_event: OnEvent) -> None:
        self._kept, self._signals, self._on_event = kept, signals, on_event

    def log(self, metrics: dict[str, float], step: int) -> None:
        """Pass it on."""
        self._on_event(log_event(metrics, step))

    def epoch(self, progress: Progress, step: int) -> None:
        """Pass it on."""
        self._on_event(epoch_event(progress))

    def checkpoint(self, folder: Path | None, score: float) -> None:
        """Keep it."""
        assert folder is not None, "the only process is the main one"
        self._kept.keep(folder)

    def stop_requested(self) -> bool:
        """Whether a signal has come."""
        if self._signals.received is None:
            return False
        self._on_event({"kind": "stopping", "signal": self._signals.received.name})
        return True
