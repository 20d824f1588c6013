"""A batch of faces, as the training loop hands it to a method."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

_TENSORS = ("images", "points", "valid", "visible", "to_photo")


@dataclass(frozen=True, kw_only=True)
class Batch:
    """B faces. "Crop pixels" are pixels of the network's input: 0-based, origin at a pixel's center.

    Attributes:
        images: (B, 3, S, S) uint8 RGB; they stay uint8 until they are on the device. From a loader, they lie in
            memory as they were decoded, channels last.
        points: (B, N, 2) float32 landmarks, crop pixels. Finite everywhere: unknown ones are 0 and not ``valid``.
        valid: (B, N) bool; True where the landmark has coordinates to learn from and to be measured against. One
            that the view has pushed off the image stays valid.
        visible: (B, N) bool; True where the landmark is to be seen.
        to_photo: (B, 2, 3) float64, crop pixels → pixels of the original photo.
        ids: The B sample ids.
        attributes: The names of each face's yes/no labels that are yes.
        pair: The same B faces in a second, independent view each, where the loader was asked for two
            (``FaceDataset.views``; Siamese training, Bulat et al., BMVC 2021, Sec. 3.4); else None. A place in
            this crop is in the other one where ``pair.to_photo⁻¹ ∘ to_photo`` says; where ``is_flipped`` differs
            between the two, channels of landmarks are to be exchanged by the schema's ``flip``.
    """

    images: Tensor
    points: Tensor
    valid: Tensor
    visible: Tensor
    to_photo: Tensor
    ids: tuple[str, ...]
    attributes: tuple[tuple[str, ...], ...] = ()
    pair: "Batch | None" = None

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def is_flipped(self) -> Tensor:
        """(B,) bool; True where the view mirrors the photo."""
        (a, b), (c, d) = self.to_photo[:, :, :2].permute(1, 2, 0)
        is_flipped: Tensor = a * d < b * c
        return is_flipped

    def to(self, device: torch.device) -> "Batch":
        """Copy the batch to ``device``; the copy of a pinned batch is asynchronous."""
        return self._with_tensors(lambda tensor: tensor.to(device, non_blocking=True))

    def pin_memory(self) -> "Batch":
        """Copy the batch to page-locked memory; a pinning ``DataLoader`` calls this method."""
        return self._with_tensors(torch.Tensor.pin_memory)

    def part(self, rows: range) -> "Batch":
        """The faces in ``rows``, without a copy."""
        own = slice(rows.start, rows.stop)
        pair = None if self.pair is None else self.pair.part(rows)
        tensors = {name: getattr(self, name)[own] for name in _TENSORS}
        return Batch(ids=self.ids[own], attributes=self.attributes[own], pair=pair, **tensors)

    def _with_tensors(self, change: Callable[[Tensor], Tensor]) -> "Batch":
        tensors = {name: change(getattr(self, name)) for name in _TENSORS}
        pair = None if self.pair is None else self.pair._with_tensors(change)
        return Batch(ids=self.ids, attributes=self.attributes, pair=pair, **tensors)
