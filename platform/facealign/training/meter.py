"""Metrics of the steps between two synchronizations of the processes."""

import time
from dataclasses import dataclass

import torch
from torch import Tensor

from facealign.methods import LossTerms


@dataclass(frozen=True)
class Piece:
    """Faces that went through the network together: in which step of the epoch, counted from 1, with what loss."""

    step: int
    ids: tuple[str, ...]
    loss: Tensor


class Meter:
    """Sums over the steps since the last synchronization, kept on the device so that no step waits for them.

    Attributes:
        faces: That this process has learned from.
        waited: Seconds that it has waited for them.
    """

    def __init__(self, device: torch.device) -> None:
        self.faces = 0
        self.waited = 0.0
        self._started = time.perf_counter()
        self._device = device
        self._sums: dict[str, Tensor] = {}
        self._pieces: list[Piece] = []

    def add(self, step: int, ids: tuple[str, ...], terms: LossTerms, weight: float) -> None:
        """Count a micro-batch; ``weight`` is that of its loss in the gradient."""
        self.faces += len(ids)
        self._pieces.append(Piece(step, ids, terms.total.detach()))
        for name, value in {"loss": terms.total, **terms.parts}.items():
            key = f"train/{name}"
            self._sums[key] = self._sums.get(key, torch.zeros((), device=self._device)) + weight * value.detach()

    @property
    def steps(self) -> int:
        """Steps of the optimizer since the last synchronization."""
        return len({piece.step for piece in self._pieces})

    @property
    def seconds(self) -> float:
        """Since the last synchronization."""
        return time.perf_counter() - self._started

    def totals(self, *further: Tensor) -> tuple[list[str], list[float]]:
        """Names and sums, and after these the values of ``further`` () tensors, by one transfer."""
        return list(self._sums), torch.stack([*self._sums.values(), *further]).tolist()

    def not_finite(self) -> list[tuple[int, tuple[str, ...], float]]:
        """(step, ids, loss) of each micro-batch whose loss is not finite."""
        losses = torch.stack([piece.loss for piece in self._pieces])
        bad = (~losses.isfinite()).nonzero().flatten().tolist()
        return [(self._pieces[i].step, self._pieces[i].ids, float(losses[i])) for i in bad]

    @property
    def last(self) -> Piece:
        """The last micro-batch that was counted."""
        return self._pieces[-1]
