"""Base of the heatmap methods: stacked hourglasses, rendered targets, a pixel loss for each stack, decoding."""

from typing import Any

import torch
from pydantic import Field
from torch import Tensor

from facealign.config import Settings
from facealign.data.batch import Batch
from facealign.geometry import LandmarkSchema
from facealign.losses import LossChoice, WeightMapSettings, weight_map
from facealign.losses.mse import squared_errors
from facealign.methods.base import LossTerms, Method
from facealign.models.stacked_hourglass import STRIDE, StackedHourglass, StackedHourglassSettings
from facealign.targets import (
    BoundaryMap,
    DecodeSettings,
    HeatmapSettings,
    crop_to_map,
    decode_heatmaps,
    gaussian_heatmaps,
    map_to_crop,
)


class HeatmapMethodSettings(Settings):
    """The parts, each of which suits every other; a paper's method is a choice of them."""

    network: StackedHourglassSettings = StackedHourglassSettings()
    heatmaps: HeatmapSettings = HeatmapSettings()
    loss: LossChoice = Field(default=LossChoice(), description="loss of a heatmap pixel")
    weight_map: WeightMapSettings = WeightMapSettings()
    decoding: DecodeSettings = DecodeSettings()
    log_mse: bool = Field(
        default=False,
        description="tell beside the loss, as `mse` and `mse_foreground`, how far the last stack's landmark maps "
        "are from their targets, whatever the loss is (AWing Table 10)",
    )


class HeatmapMethod(Method):
    """A network of (B, N + boundary, S/4, S/4) maps for each stack; the boundary is the last channel.

    Args:
        config: Its parts.
        schema: The landmarks, and the curves of the boundary channel.
        image_size: S, px.

    Raises:
        UserError: ``image_size`` does not suit the hourglasses, or the schema has no curves for a boundary
        channel.
    """

    config: HeatmapMethodSettings

    def __init__(self, config: Any, schema: LandmarkSchema, image_size: int) -> None:
        super().__init__(config, schema, image_size)
        self.network = StackedHourglass(config.network, schema.size, image_size)
        self.boundary = BoundaryMap(schema, self.network.map_size) if config.network.boundary else None
        self.pixel_loss = config.loss.build()

    def maps_loss(self, outputs: tuple[Tensor, ...], batch: Batch) -> LossTerms:
        """The sum of the stacks' losses.

        Each is the mean over all channels and pixels. Channels of landmarks that are not ``valid`` count as 0;
        those that augmentation pushed off the crop are valid, and their target is (partly) empty.

        Args:
            outputs: What the network returned: the maps of each stack, first to last.
            batch: Its points and validity, on the outputs' device.
        """
        target, counts = self.targets(batch)
        weights = weight_map(target, self.config.weight_map)
        per_stack = [self.pixel_loss.per_map(maps, target, weights) * counts for maps in outputs]
        parts = {f"stack{i}": losses.mean() for i, losses in enumerate(per_stack, start=1)}
        total = torch.stack(list(parts.values())).sum()
        if self.boundary is not None:
            parts["boundary"] = per_stack[-1][:, -1].mean()
        if self.config.log_mse:
            n = self.schema.size
            errors = squared_errors(outputs[-1][:, :n], target[:, :n], counts[:, :n])
            parts |= dict(zip(("mse", "mse_foreground"), errors, strict=True))
        return LossTerms(total=total, parts={name: part.detach() for name, part in parts.items()})

    def targets(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Draw the target maps.

        Returns:
            (B, C, S/4, S/4) float32 maps; and (B, C) float32, 1 for each channel that counts and 0 for those of
            invalid landmarks, and for the boundary of a face none of whose curves could be drawn.
        """
        points = crop_to_map(batch.points.float(), STRIDE)
        maps = gaussian_heatmaps(points, batch.valid, self.network.map_size, self.config.heatmaps)
        if self.boundary is None:
            return maps, batch.valid.float()
        counts = torch.cat([batch.valid, self.boundary.drawn(batch.valid)], dim=1)
        return torch.cat([maps, self.boundary(points, batch.valid)], dim=1), counts.float()

    def true_maps(self, batch: Batch) -> dict[str, Tensor]:
        """The targets."""
        return self.by_name(self.targets(batch)[0])

    def by_name(self, maps: Tensor) -> dict[str, Tensor]:
        """(B, N + boundary, h, w) maps of one stack, as ``maps`` gives them."""
        n = self.schema.size
        return {"landmarks": maps[:, :n]} | ({} if self.boundary is None else {"boundary": maps[:, n:]})

    def decode_maps(self, outputs: tuple[Tensor, ...]) -> Tensor:
        """The last stack's heatmaps → (B, N, 2) float32 landmarks, crop pixels."""
        heatmaps = outputs[-1][:, : self.schema.size]
        return map_to_crop(decode_heatmaps(heatmaps, self.config.decoding), STRIDE)
