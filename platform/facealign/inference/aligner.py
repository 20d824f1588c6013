"""A model with all that a whole photo needs: finding faces, cutting them, and the way back."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facealign.config import UserError
from facealign.data.images import Image8, decode_photo, photo_bytes
from facealign.data.preparing.warp import warp
from facealign.geometry import CropSettings, affine, stored_crop, unusable, view_of_stored
from facealign.inference.card import Card
from facealign.inference.detector import Find, detector_for
from facealign.inference.face import Face, map_box
from facealign.inference.orientation import orientation, upright


def crop_frame(box: NDArray[np.float64], crop: CropSettings) -> affine.Affine:
    """Photo pixels → pixels of the network's input, for a box (x0, y0, x1, y1)."""
    return affine.compose(view_of_stored(crop), stored_crop(box, crop))


def cut(image: Image8, box: NDArray[np.float64], crop: CropSettings) -> NDArray[np.uint8]:
    """(3, S, S) uint8: the middle of what preparing would store of this face, before it is encoded."""
    stored = warp(image, stored_crop(box, crop), crop.stored_size)
    room = (crop.stored_size - crop.size) // 2
    return np.ascontiguousarray(stored[room : room + crop.size, room : room + crop.size].transpose(2, 0, 1))


Run = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""(B, 3, S, S) uint8 RGB crops → (B, N, 2) float32 landmarks, crop pixels."""


class FaceAligner:
    """Finds the landmarks of every face of a photo.

    Args:
        card: Of the model.
        run: The network with its decoding.
        find: (H, W, 3) uint8 RGB → (F, 4) boxes of the kind that the crop rule follows; None: OpenCV's cascade,
            when the first photo without boxes comes.
        batch_size: Faces that are run at once.
    """

    def __init__(self, card: Card, run: Run, find: Find | None = None, batch_size: int = 16) -> None:
        self.card = card
        self.batch_size = batch_size
        self._run = run
        self._find = find

    def predict(self, photo: str | Path | bytes | Image8, boxes: ArrayLike | None = None) -> list[Face]:
        """Predict the faces of a photo, in pixels as they are stored, whatever EXIF says of its orientation.

        Args:
            photo: The path of a file, a file's bytes, or (H, W, 3) uint8 RGB, upright. boxes: (F, 4) of the faces,
            (x0, y0, x1, y1), in the same pixels, of the kind that the model's crop rule
                follows (a tight box of the landmarks as a rule); None: they are looked for.

        Returns:
            A face for each box, in their order; none where none is found.

        Raises:
            UserError: The photo cannot be read (``BadSample``), or a box cannot be used; says why.
        """
        if isinstance(photo, np.ndarray):
            stored = image = checked_picture(photo)
            back = affine.identity()
        else:
            place = "the image" if isinstance(photo, bytes) else str(photo)
            data = photo if isinstance(photo, bytes) else photo_bytes(Path(photo), place)
            stored = decode_photo(data, place)
            image, back = upright(stored, orientation(data))
        given = None if boxes is None else upright_boxes(checked_boxes(boxes), stored, back)
        return [face.mapped(back) for face in self.predict_upright(image, given)]

    def predict_upright(self, image: Image8, boxes: NDArray[np.float64] | None = None) -> list[Face]:
        """Predict on an image that is already upright and boxes that are already checked."""
        boxes = self.find(image) if boxes is None else boxes
        landmarks = self.run([cut(image, box, self.card.crop) for box in boxes])
        return [
            Face(box, affine.apply(affine.invert(crop_frame(box, self.card.crop)), points))
            for box, points in zip(boxes, landmarks, strict=True)
        ]

    def require_detector(self) -> Find:
        """Return the face detector, which must be configured.

        Raises:
            UserError: There is no detector here, or it is not measured for the model's landmarks.
        """
        if self._find is None:
            self._find = detector_for(self.card.landmarks.name)
        return self._find

    def find(self, image: Image8) -> NDArray[np.float64]:
        """(F, 4) boxes of the faces of an upright image, from left to right.

        Raises:
            UserError: As ``require_detector`` says.
        """
        boxes = self.require_detector()(image)
        height, width = image.shape[:2]
        usable = [box for box in boxes if unusable(box, width, height) is None]
        return np.array(sorted(usable, key=lambda box: float(box[0]))).reshape(-1, 4)

    def run(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """(F, N, 2) landmarks of (3, S, S) crops, in their pixels."""
        if not crops:
            return np.empty((0, self.card.landmarks.size, 2), dtype=np.float32)
        starts = range(0, len(crops), self.batch_size)
        return np.concatenate([self._run(np.stack(crops[start : start + self.batch_size])) for start in starts])


def upright_boxes(boxes: NDArray[np.float64], stored: Image8, back: affine.Affine) -> NDArray[np.float64]:
    """(F, 4) boxes in the upright image, from those in the pixels as they are stored.

    Args:
        boxes: (F, 4), as received.
        stored: The image that they belong to.
        back: Upright pixels → stored ones.

    Raises:
        UserError: No face can be cut by one of them.
    """
    height, width = stored.shape[:2]
    for number, box in enumerate(boxes):
        if reason := unusable(box, width, height):
            raise UserError(f"box {number}: {reason}")
    return np.array([map_box(affine.invert(back), box) for box in boxes]).reshape(-1, 4)


def checked_picture(image: NDArray[np.uint8]) -> Image8:
    """Check that an array is an image, (H, W, 3) uint8, and return it.

    Raises:
        UserError: It is not of this form.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
        raise UserError(f"the image is {image.dtype} {image.shape}; give (H, W, 3) uint8, RGB")
    return image


def checked_boxes(boxes: ArrayLike) -> NDArray[np.float64]:
    """(F, 4) float64.

    Raises:
        UserError: They are not of this form.
    """
    rule = "boxes are a list of [x0, y0, x1, y1] in pixels of the photo"
    try:
        found = np.asarray(boxes, dtype=np.float64)
    except (ValueError, TypeError, OverflowError):
        raise UserError(f"{rule}; these are not numbers in fours") from None
    if not found.size and found.ndim <= 2:
        return np.empty((0, 4))
    if found.ndim != 2 or found.shape[1] != 4:
        raise UserError(f"{rule}; these have the shape {found.shape}")
    odd = np.flatnonzero(~np.isfinite(found).all(axis=1)).tolist()
    if odd:
        raise UserError(f"{rule}; box {odd[0]} has a number missing, or one that is not finite")
    return found
