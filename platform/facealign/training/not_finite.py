"""The error of a training whose loss or weights are not finite."""

from facealign.config import UserError
from facealign.training.meter import Meter
from facealign.training.world import World

_NAMED = 32


def not_finite(epoch: int, meter: Meter, world: World) -> UserError:
    """The error that names the first batch whose loss, or else the weights after it, is not finite.

    Every process of the world calls this, and gets the same.

    Args:
        epoch: Finished epochs.
        meter: Of the steps since the last synchronization, until which all was finite.
        world: Whose pieces of the batch are looked at.
    """
    found = [piece for pieces in world.gather(meter.not_finite()) for piece in pieces]
    if found:
        step = min(found)[0]
        first = [piece for piece in found if piece[0] == step]
        what = f"the loss is {first[0][2]}, for the first time, over"
        ids = [name for _, names, _ in first for name in names]
    else:
        step = meter.last.step
        what = "the loss is finite, but the weights after it are not; they learned from"
        ids = [name for names in world.gather(meter.last.ids) for name in names]
    more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
    return UserError(
        f"epoch {epoch + 1}, step {step}: {what} {', '.join(ids[:_NAMED])}{more}; the last checkpoint is kept. "
        "Lower optimizer.lr, set clip_norm or precision: fp32, or look at these faces, if it is always they"
    )
