"""Train, validation, test: which fold a photo belongs to."""

import hashlib
from typing import Literal, get_args

from facealign.config import UserError
from facealign.data.sources.base import Sample

Fold = Literal["train", "val", "test"]
FOLDS: tuple[Fold, ...] = get_args(Fold)


def fold_named(name: str) -> Fold:
    """The fold of that name.

    Raises:
        UserError: There is none.
    """
    for fold in FOLDS:
        if fold == name:
            return fold
    raise UserError(f"fold {name!r} is unknown; known are: {', '.join(FOLDS)}")


def fold_of(sample: Sample, validation: float, seed: int) -> Fold:
    """Return the fold of a sample: test stays test, and a fraction of the training *photos* becomes validation.

    The draw is a hash of the seed and the photo alone. So the faces of a photo stay together, and photos that are
    added or removed move no other.

    Args:
        sample: Any sample of a source.
        validation: Share of the training photos, 0…1, in expectation.
        seed: Another seed cuts another fold.
    """
    if sample.fold == "test":
        return "test"
    draw = hashlib.sha256(f"{seed}\0{sample.photo}".encode()).digest()
    return "val" if int.from_bytes(draw[:8], "big") < validation * 2.0**64 else "train"
