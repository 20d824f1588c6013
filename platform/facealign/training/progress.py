"""How far a training has come."""

from pydantic import Field

from facealign.config import Settings


class EpochRecord(Settings):
    """One finished epoch.

    Attributes:
        loss: Mean training loss of the epoch.
        validation_nme: Mean over the validation fold, a fraction of the normaliser.
        images_per_second: Training images, over all workers.
    """

    epoch: int
    loss: float
    validation_nme: float
    lr: float
    images_per_second: float
    seconds: float


class Progress(Settings):
    """The position in the sample order, and what has been measured so far.

    Attributes:
        epoch: Finished epochs.
        step: Steps done in the epoch under way.
        loss_sum: Sum of the losses of those steps, so that a resumed epoch reports the mean of the whole.
    """

    epoch: int = 0
    step: int = 0
    loss_sum: float = 0.0
    history: tuple[EpochRecord, ...] = Field(default=())

    @property
    def best(self) -> EpochRecord | None:
        """The epoch with the lowest validation NME."""
        return min(self.history, key=lambda record: record.validation_nme, default=None)
