"""Base of the methods whose network predicts coordinates, not heatmaps."""

from abc import abstractmethod
from typing import Any

import torch
from torch import Tensor, nn

from facealign.config import Settings, UserError
from facealign.data.batch import Batch
from facealign.data.statistics import Statistics
from facealign.geometry import LandmarkSchema
from facealign.losses.coordinates import CoordinateLossChoice, coordinate_errors
from facealign.methods.base import LossTerms, Method


class CoordinateMethodSettings(Settings):
    """Settings that coordinate methods share."""

    loss: CoordinateLossChoice


class CoordinateMethod(Method):
    """Images → (B, N, 2) float32 landmarks, crop pixels; what training faces teach comes from statistics.

    Args:
        config: Its parts.
        schema: The landmarks.
        image_size: S, px.
    """

    config: CoordinateMethodSettings
    needs_statistics = True
    has_statistics: Tensor

    def __init__(self, config: Any, schema: LandmarkSchema, image_size: int) -> None:
        super().__init__(config, schema, image_size)
        self.coordinate_loss = self.config.loss.build(schema)
        # Broadcast with the other buffers, and so of a type that every backend can send.
        self.register_buffer("has_statistics", torch.zeros((), dtype=torch.int64))
        # The buffer as Python sees it: asking the device at every step would wait for it.
        self._has_statistics = False
        self.register_load_state_dict_post_hook(_remember_statistics)  # type: ignore[no-untyped-call]

    @property
    @abstractmethod
    def uses_statistics(self) -> bool:
        """Whether the settings chosen need them."""

    def use_statistics(self, statistics: Statistics) -> None:
        """Keep what the method needs.

        Raises:
            UserError: They are of other landmarks.
        """
        if statistics.landmarks != self.schema.name:
            raise UserError(
                f"statistics of {statistics.landmarks} landmarks, but the method finds {self.schema.name}; "
                "prepare the data again"
            )
        self.keep(statistics)
        self.has_statistics.fill_(1)
        self._has_statistics = True

    @abstractmethod
    def keep(self, statistics: Statistics) -> None:
        """Fill the method's own buffers."""

    def loss(self, outputs: Tensor, batch: Batch) -> LossTerms:
        """The loss in float32; landmarks that are not valid count as 0.

        Raises:
            UserError: The method has no statistics yet.
        """
        self._require_statistics()
        errors_BN2 = coordinate_errors(outputs, batch.points, batch.valid, self.image_size)
        losses_BN = self.coordinate_loss.per_landmark(errors_BN2, *self.directions(batch)) * batch.valid
        return LossTerms(total=self.reduce(losses_BN), parts={})

    def directions(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Shapes along whose curves a loss may measure errors, (B, N, 2), and what is known of them, (B, N)."""
        return batch.points.float(), batch.valid

    @abstractmethod
    def reduce(self, losses_BN: Tensor) -> Tensor:
        """The losses of landmarks, 0 at invalid ones → the mean over samples of what is minimized."""

    def decode(self, outputs: Tensor) -> Tensor:
        """The outputs as they are: (B, N, 2) float32 landmarks, crop pixels.

        Raises:
            UserError: The method has no statistics yet.
        """
        self._require_statistics()
        return outputs.float()

    def _require_statistics(self) -> None:
        if self.uses_statistics and not self._has_statistics:
            raise UserError(
                "the method has no statistics of training faces yet; call use_statistics, or load trained weights"
            )


def _remember_statistics(module: nn.Module, _incompatible: object) -> None:
    assert isinstance(module, CoordinateMethod)
    module._has_statistics = bool(module.has_statistics)
