"""Stored faces cut as another model wants them: the champion's crop rule on the present shards."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from facealign.data.augmentation.views import View, cut_image, plain_view, view_to_photo
from facealign.data.preparing.warp import warp
from facealign.data.shards.reader import ShardReader
from facealign.geometry import CropSettings, affine

_TOLERANCE = 1e-6


class CannotRecut(ValueError):
    """The stored pictures do not hold what a crop rule asks for; the message says why and what would."""


def view_for(stored: CropSettings, wanted: CropSettings) -> View:
    """Where in a stored picture the crop lies that another rule cuts.

    Both squares are upright and about the middle of the same box; their sides are as their margins.

    Raises:
        CannotRecut: They are not about the same box; or the crop is larger than what is stored, or finer.
    """
    for key in ("box", "side"):
        before, now = getattr(wanted, key), getattr(stored, key)
        if before != now:
            raise CannotRecut(f"it was trained on crops with crop.{key}: {before}, and the faces have {now}")
    side = wanted.margin / stored.margin * stored.size
    if side > stored.stored_size * (1 + _TOLERANCE):
        raise CannotRecut(
            f"it sees {wanted.margin:g} times the box, and the stored pictures show "
            f"{stored.margin * stored.stored_size / stored.size:.3g}; prepare with data.crop.context "
            f"{wanted.margin / stored.margin:.3g} or more"
        )
    if wanted.size > side * (1 + _TOLERANCE):
        raise CannotRecut(
            f"its {wanted.size} px would be cut from {side:.0f} stored ones, and so be blurred; prepare with "
            f"data.crop.size {np.ceil(wanted.size * stored.margin / wanted.margin):.0f} or more"
        )
    if wanted.size == stored.size and abs(side - stored.size) < _TOLERANCE * side:
        return plain_view(stored)
    middle = (stored.stored_size - 1) / 2
    return View(affine.crop_to_square((middle, middle), side, wanted.size))


def crops(
    reader: ShardReader, wanted: CropSettings, batch_size: int = 32
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float64]]]:
    """The faces of a fold in their order, as a network of another crop rule takes them.

    Yields:
        (B, 3, S, S) uint8 RGB; and (B, 2, 3), crop pixels → pixels of the photos.

    Raises:
        CannotRecut: See ``view_for``.
    """
    stored = reader.index.crop
    view = view_for(stored, wanted)
    # A plain cut is a slice of what is stored, to the byte what the evaluation of that crop rule sees.
    is_plain = np.array_equal(view.matrix, plain_view(stored).matrix)
    for start in range(0, len(reader), batch_size):
        faces = [reader[row] for row in range(start, min(start + batch_size, len(reader)))]
        images = [
            cut_image(face.image(), view, wanted.size)
            if is_plain
            else warp(face.image(), view.matrix, wanted.size)
            for face in faces
        ]
        yield (
            np.stack(images).transpose(0, 3, 1, 2),
            np.stack([view_to_photo(face.to_photo, view) for face in faces]),
        )
