"""What the loop hands to a method."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Batch:
    """B faces. "Crop pixels" are pixels of the network's input: 0-based, origin at a pixel's centre.

    Attributes:
        images: (B, 3, S, S) uint8 RGB; they stay uint8 until they are on the device.
        points: (B, N, 2) float32 landmarks, crop pixels. Finite everywhere: unknown ones are 0 and not ``valid``.
        valid: (B, N) bool; True where the landmark has coordinates to learn from and to be measured against.
        visible: (B, N) bool; True where the landmark is to be seen.
        to_photo: (B, 2, 3) float64, crop pixels → pixels of the original photo.
        ids: The B sample ids.
        pair: A second, independent look at each of the faces, in the same order; None where one was asked for.
    """

    images: Tensor
    points: Tensor
    valid: Tensor
    visible: Tensor
    to_photo: Tensor
    ids: tuple[str, ...]
    pair: "Batch | None" = None

    def __len__(self) -> int:
        return len(self.ids)

    def to(self, device: torch.device) -> "Batch":
        """The same batch with its tensors on ``device``; the copy of a pinned batch waits for nothing."""
        return self._with_tensors(lambda tensor: tensor.to(device, non_blocking=True))

    def pin_memory(self) -> "Batch":
        """The same batch in page-locked memory. Without this method a pinning ``DataLoader`` pins nothing."""
        return self._with_tensors(torch.Tensor.pin_memory)

    def _with_tensors(self, change: Callable[[Tensor], Tensor]) -> "Batch":
        names = ("images", "points", "valid", "visible", "to_photo")
        return Batch(ids=self.ids, **{name: change(getattr(self, name)) for name in names})
