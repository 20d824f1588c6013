"""Subpixel: Bulat, Sanchez & Tzimiropoulos, "Subpixel heatmap regression for facial landmark localization".

BMVC 2021. Two stacked hourglasses with plain maps; Gaussians drawn about the landmark itself (§3.2), a soft-argmax
in a window about the highest pixel (§3.3), and two views of each face whose maps are un-warped and merged before
they are compared with the target (§3.4). Each row of its Tables 1–3 is a choice of options:

==============================  ============================================================================
ℓ2 heatmap regression           heatmaps.form patch, decoding.rule quarter
coord-correction, static gt     heatmaps.form patch, decoding.rule argmax, correction static
coord-correction, dynamic gt    heatmaps.form patch, decoding.rule argmax, correction dynamic
global soft-argmax              objective coordinates, decoding.rule soft_argmax
local soft-argmax               the default, without siamese
+ proposed hm (w/o 3.3)         heatmaps.form continuous, decoding.rule quarter
+ siamese                       the default
window                          decoding.window (Table 3); ``none`` is decoding.rule argmax
==============================  ============================================================================

Where the paper is silent (all ours): peak 1 and σ 1.75, which its τ of 10 fits; the reduction is the mean over
channels and pixels, where landmarks that are not valid count as 0; every stack counts the same; with Eq. 6 the two
views' maps are averaged, in the frame of the first view, and each view keeps a loss of its own; the correction's
loss is in map pixels and counts as much as the maps'.
"""

from collections.abc import Mapping
from typing import ClassVar, Literal, NamedTuple

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from facealign.config import Settings
from facealign.data.batch import Batch
from facealign.geometry import LandmarkSchema
from facealign.losses import LossChoice, WeightMapSettings
from facealign.methods.base import METHODS, LossTerms
from facealign.methods.heatmaps import HeatmapMethod, HeatmapMethodSettings
from facealign.models.stacked_hourglass import STRIDE, StackedHourglassSettings
from facealign.targets import DecodeSettings, HeatmapSettings, crop_to_map, decode_heatmaps, map_to_crop
from facealign.targets.unwarp import map_between, warp_maps


class PlainHourglasses(StackedHourglassSettings):
    """Two stacks without coordinates and without a boundary channel."""

    stacks: int = Field(default=2, ge=1, le=8, description="hourglasses in a row")
    boundary: bool = Field(default=False, description="predict AWing's boundary map as one more channel")
    coord_conv: bool = Field(default=False, description="AWing's coordinates")
    boundary_coords: bool = Field(default=False, description="AWing's coordinates on the boundary")


class ContinuousHeatmaps(HeatmapSettings):
    """Gaussians about the landmark itself."""

    form: Literal["patch", "continuous"] = Field(
        default="continuous", description="continuous: about the landmark itself (Eq. 3); patch: about its pixel"
    )


class LocalDecoding(DecodeSettings):
    """The soft-argmax in a window of 5 × 5 with τ 10."""

    rule: Literal["argmax", "quarter", "local_soft_argmax", "soft_argmax"] = Field(
        default="local_soft_argmax", description="see AWing's decoding"
    )


class SiameseSettings(Settings):
    """Training on two views of each face."""

    weight: float = Field(
        default=1.0, ge=0, description="of the merged maps' loss (Eq. 6); 0: one view, no merging"
    )
    own_weight: float = Field(default=1.0, ge=0, description="of each view's own loss beside it")

    @model_validator(mode="after")
    def _some(self) -> "SiameseSettings":
        if self.weight == 0 and self.own_weight == 0:
            raise ValueError("weight and own_weight are both 0, so nothing would be learned; raise one")
        return self


class SubpixelSettings(HeatmapMethodSettings):
    """Subpixel's parts; the defaults are the paper's full method at 256 px."""

    network: PlainHourglasses = PlainHourglasses()
    heatmaps: ContinuousHeatmaps = ContinuousHeatmaps()
    loss: LossChoice = Field(default=LossChoice(name="mse"), description="loss of a heatmap pixel")
    weight_map: WeightMapSettings = WeightMapSettings(kind="none")
    decoding: LocalDecoding = LocalDecoding()
    objective: Literal["heatmaps", "coordinates"] = Field(
        default="heatmaps",
        description="what is compared with the truth: the maps' pixels, or the decoded landmarks by their squared "
        "distance in map px",
    )
    correction: Literal["none", "static", "dynamic"] = Field(
        default="none",
        description="a layer that corrects the highest pixel (Table 1): it learns what rounding the true landmark "
        "loses (static), or the error of the predicted peak (dynamic)",
    )
    siamese: SiameseSettings = SiameseSettings()

    @model_validator(mode="after")
    def _fitting(self) -> "SubpixelSettings":
        soft = ("soft_argmax", "local_soft_argmax")
        if self.objective == "coordinates" and self.decoding.rule not in soft:
            raise ValueError(
                f"objective coordinates needs a rule with gradients; set decoding.rule to one of {soft}"
            )
        if self.objective == "coordinates" and self.siamese.weight:
            raise ValueError("objective coordinates has no maps to merge; set siamese.weight: 0")
        if self.correction != "none" and self.decoding.rule != "argmax":
            raise ValueError("a correction is added to the highest pixel; set decoding.rule: argmax")
        if self.correction == "static" and self.heatmaps.form != "patch":
            raise ValueError("a static correction learns what rounding lost; set heatmaps.form: patch")
        return self


class SubpixelOutputs(NamedTuple):
    """The network's outputs for B views.

    Attributes:
        maps: (B, N, S/4, S/4) for each stack.
        correction: (B, N, 2), map px; None without a correction layer.
    """

    maps: tuple[Tensor, ...]
    correction: Tensor | None


@METHODS.register("subpixel")
class Subpixel(HeatmapMethod):
    """A heatmap method that learns from two views of each face at once."""

    Config = SubpixelSettings
    config: SubpixelSettings
    sources: ClassVar[Mapping[str, str]] = {
        "network": "paper §5.1: two stacks of 256 channels of the hierarchical blocks of Bulat & Tzimiropoulos",
        "heatmaps.form": "paper Eq. 3; the baseline is Eq. 2",
        "heatmaps.sigma": "ours: with peak 1, what the paper's τ of 10 decodes best",
        "loss": "paper §5.1",
        "weight_map": "AWing's; this paper has none",
        "decoding": "paper Eqs. 4 and 5; window by Table 3, τ by §5.1",
        "objective": "paper Table 1, global soft-argmax; the distance it is trained with is ours",
        "correction": "paper §4.1 and Table 1",
        "siamese": "paper Eq. 6; the weights are ours",
    }

    def __init__(self, config: SubpixelSettings, schema: LandmarkSchema, image_size: int) -> None:
        super().__init__(config, schema, image_size)
        self.corrector = (
            None
            if config.correction == "none"
            else nn.Sequential(
                nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(config.network.width, 2 * schema.size)
            )
        )

    @property
    def views(self) -> Literal[1, 2]:
        """Two where their maps are merged."""
        return 2 if self.config.siamese.weight else 1

    def inputs(self, batch: Batch) -> Tensor:
        """The first views, then the second ones: one pass, so that batch norm sees both."""
        if batch.pair is None:
            return batch.images
        return torch.cat([batch.images, batch.pair.images])

    def forward(self, images: Tensor) -> SubpixelOutputs:
        """(B, 3, S, S) RGB in 0…255 → maps of each stack, and the correction."""
        maps, features = self.network.with_features(images.float() / 255)
        if self.corrector is None:
            return SubpixelOutputs(maps, None)
        return SubpixelOutputs(maps, self.corrector(features).view(len(images), -1, 2))

    def loss(self, outputs: SubpixelOutputs, batch: Batch) -> LossTerms:
        """The views' own losses, the merged maps' and the correction's.

        Args:
            outputs: Of ``inputs(batch)``.
            batch: With its ``pair``, if the outputs are of both views.
        """
        pair = batch.pair
        first, second = (outputs, None) if pair is None else _halves(outputs)
        total, parts = self._own(first, batch)
        if pair is not None and second is not None:
            other, others = self._own(second, pair)
            merged = self._merged(first.maps, second.maps, batch, pair)
            siamese = self.config.siamese
            total = siamese.own_weight * (total + other) / 2 + siamese.weight * merged
            parts = {name: (part + others[name]) / 2 for name, part in parts.items()}
            parts["merged"] = merged.detach()
        return LossTerms(total=total, parts=parts)

    def decode(self, outputs: SubpixelOutputs) -> Tensor:
        """The last stack's maps → (B, N, 2) float32 landmarks, crop pixels."""
        if outputs.correction is None:
            return self.decode_maps(outputs.maps)
        return map_to_crop(self._peaks(outputs) + outputs.correction.float(), STRIDE)

    def maps(self, images: Tensor) -> dict[str, Tensor]:
        """The last stack's."""
        return self.by_name(self(images).maps[-1])

    def _own(self, outputs: SubpixelOutputs, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of one view of each face."""
        if self.config.objective == "coordinates":
            return self._coordinates(outputs, batch)
        terms = self.maps_loss(outputs.maps, batch)
        total, parts = terms.total, terms.parts
        if outputs.correction is not None:
            points = crop_to_map(batch.points.float(), STRIDE)
            start = self._peaks(outputs) if self.config.correction == "dynamic" else torch.floor(points + 0.5)
            correction = _mean_square(outputs.correction.float() - (points - start), batch.valid)
            total = total + correction
            parts = {**parts, "correction": correction.detach()}
        return total, parts

    def _coordinates(self, outputs: SubpixelOutputs, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        points = crop_to_map(batch.points.float(), STRIDE)
        decoded = [decode_heatmaps(maps[:, : self.schema.size], self.config.decoding) for maps in outputs.maps]
        losses = [_mean_square(found - points, batch.valid) for found in decoded]
        parts = {f"stack{i}": loss.detach() for i, loss in enumerate(losses, start=1)}
        return torch.stack(losses).sum(), parts

    def _merged(self, first: tuple[Tensor, ...], second: tuple[Tensor, ...], batch: Batch, pair: Batch) -> Tensor:
        """The loss of both views' maps, averaged in the first view's frame, where both can be seen (Eq. 6)."""
        landmarks = self.schema.size
        between = map_between(batch.to_photo, pair.to_photo, STRIDE)
        target, counts = self.targets(batch)
        target, counts = target[:, :landmarks], counts[:, :landmarks]
        losses = []
        for own, other in zip(first, second, strict=True):
            moved, seen = warp_maps(other[:, :landmarks].float(), between, self.schema.flip)
            mean = (own[:, :landmarks].float() + moved) / 2
            # per_map divides by all pixels; only those that both views show are compared.
            share = seen.mean(dim=(2, 3)).clamp_min(1e-6)
            losses.append(self.pixel_loss.per_map(mean, target, seen.expand_as(target)) / share * counts)
        return torch.stack([loss.mean() for loss in losses]).sum()

    def _peaks(self, outputs: SubpixelOutputs) -> Tensor:
        """(B, N, 2) highest pixels of the last maps, map px."""
        return decode_heatmaps(outputs.maps[-1][:, : self.schema.size], DecodeSettings(rule="argmax"))


def _halves(outputs: SubpixelOutputs) -> tuple[SubpixelOutputs, SubpixelOutputs]:
    """The outputs of the first views and of the second ones."""
    maps = [tensor.chunk(2) for tensor in outputs.maps]
    corrections = (None, None) if outputs.correction is None else outputs.correction.chunk(2)
    first, second = (tuple(pair[i] for pair in maps) for i in range(2))
    return SubpixelOutputs(first, corrections[0]), SubpixelOutputs(second, corrections[1])


def _mean_square(offsets_BN2: Tensor, valid_BN: Tensor) -> Tensor:
    """The mean squared length, 0 at landmarks that are not valid."""
    return (offsets_BN2.square().sum(-1) * valid_BN).mean()
