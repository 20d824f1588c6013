"""Progress of a training."""

from collections.abc import Mapping

from pydantic import Field

from facealign.config import Settings
from facealign.training.config import TrainConfig


class EpochRecord(Settings):
    """The record of a finished epoch.

    Attributes:
        loss: Mean training loss of the epoch.
        parts: Likewise, of each of the parts that the method tells.
        validation_nme: Mean over the validation fold, a fraction of the normalizer; None: not measured.
        images_per_second: Training images, over all workers.
    """

    epoch: int
    loss: float
    validation_nme: float | None
    lr: float
    images_per_second: float
    seconds: float
    parts: dict[str, float] = Field(default_factory=dict)


class Progress(Settings):
    """The position in the sample order, and what has been measured so far.

    Attributes:
        epoch: Finished epochs.
        step: Steps done in the current epoch.
        loss_sum: Sum of the losses of those steps, so that a resumed epoch reports the mean of the whole.
        part_sums: Likewise, of the losses' parts.
    """

    epoch: int = 0
    step: int = 0
    loss_sum: float = 0.0
    part_sums: dict[str, float] = Field(default_factory=dict)
    history: tuple[EpochRecord, ...] = Field(default=())

    def after(self, steps: int, losses: Mapping[str, float]) -> "Progress":
        """Return the progress with the mean losses of the last ``steps`` steps added."""
        sums = {"loss": self.loss_sum, **self.part_sums}
        sums = {name: sums.get(name, 0.0) + mean * steps for name, mean in losses.items()}
        return self.model_copy(update={"loss_sum": sums.pop("loss"), "part_sums": sums})

    @property
    def best(self) -> EpochRecord | None:
        """The epoch with the lowest validation NME of those measured, the first of equals."""
        return min(self._measured, key=_nme, default=None)

    @property
    def measured_since_best(self) -> int:
        """The number of validations since the best one."""
        best = self.best
        return sum(record.epoch > best.epoch for record in self._measured) if best else 0

    def is_done(self, config: TrainConfig) -> bool:
        """Whether the last epoch is over, or none of the last ``early_stop`` measurements was better."""
        patience = config.early_stop
        return self.epoch >= config.epochs or (patience is not None and self.measured_since_best >= patience)

    def metrics(self) -> dict[str, float]:
        """Metrics for the tracker after an epoch; with the NME where it was measured."""
        record, best = self.history[-1], self.best
        metrics = {"epoch": float(record.epoch)}
        if record.validation_nme is not None and best is not None:
            metrics |= {"validation/nme": record.validation_nme, "validation/best_nme": _nme(best)}
        return metrics

    @property
    def _measured(self) -> tuple[EpochRecord, ...]:
        return tuple(record for record in self.history if record.validation_nme is not None)


def _nme(record: EpochRecord) -> float:
    assert record.validation_nme is not None, "of the measured epochs"
    return record.validation_nme
