"""Anisotropic: Rayhan, Galata & Cootes, "Not all points are created equal: an anisotropic cost function for facial
landmark location", BMVC 2020.

A classification network regresses each landmark's displacement from a mean shape in which every pose counts the
same (§3.2), trained with a squared distance that forgives errors along facial curves (§3.1). The defaults are the
paper's method; its ablations are choices of options:

=====================================  ==============================================================
Table 4, direct prediction             target direct
Table 4, data balancing                a matter of the training's sampling
Table 6, loss                          loss l2, l1, smooth_l1, wing, awing, anisotropic
§5, architectures                      backbone.name: resnet50, densenet121, wide_resnet50_2
=====================================  ==============================================================

Where the paper is silent (ours): the input's size, optimizer and augmentation; every length is in pixels of a
256 px crop; the losses, summed over a face's landmarks as in Eq. 2, are averaged over faces.
"""

from collections.abc import Mapping
from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from facealign.data.batch import Batch
from facealign.data.statistics import Statistics
from facealign.geometry import LandmarkSchema
from facealign.losses.coordinates import CROP, CoordinateLossChoice
from facealign.methods.base import METHODS
from facealign.methods.coordinates import CoordinateMethod, CoordinateMethodSettings
from facealign.models.backbone import BackboneSettings
from facealign.models.regressor import Regressor


class AnisotropicSettings(CoordinateMethodSettings):
    """The method's parts; the defaults are the paper's."""

    backbone: BackboneSettings = BackboneSettings(name="resnet50")
    target: Literal["displacement", "direct"] = Field(
        default="displacement",
        description="what the network predicts: displacements from the mean over pose bins, or the coordinates",
    )
    unit: float = Field(
        default=1.0,
        gt=0,
        description="px of a 256 px crop for each 1 of the last layer's output. Adam moves a weight by its "
        "learning rate whatever the loss; a larger unit lets it cross the crop in fewer steps",
    )
    loss: CoordinateLossChoice = Field(
        default=CoordinateLossChoice(name="anisotropic"), description="loss of a landmark, px of a 256 px crop"
    )
    directions: Literal["ground_truth", "mean_shape"] = Field(
        default="ground_truth",
        description="whose curves the loss measures along: each face's own, or the mean's, turned as the face is",
    )


@METHODS.register("anisotropic")
class Anisotropic(CoordinateMethod):
    """Direct regression from the mean over a backbone's last map."""

    Config = AnisotropicSettings
    config: AnisotropicSettings
    sources: ClassVar[Mapping[str, str]] = {
        "backbone": "paper §5: ResNet-50; DenseNet and Wide ResNet differ little",
        "target": "paper §3.2; direct prediction in Table 4",
        "unit": "ours",
        "loss": "paper Eqs. 2 to 6, a 5 and b 3 by §5; the unit, and which points are corners, are ours; Table 6",
        "directions": "paper Eq. 4 reads both ways; ours: the face's own",
    }
    mean_shape: Tensor

    def __init__(self, config: AnisotropicSettings, schema: LandmarkSchema, image_size: int) -> None:
        super().__init__(config, schema, image_size)
        self.network = Regressor(config.backbone, 2 * schema.size)
        # x̄, crop pixels.
        self.register_buffer("mean_shape", torch.zeros(schema.size, 2))

    @property
    def uses_statistics(self) -> bool:
        """The mean shape comes from them."""
        return self.config.target == "displacement" or self.config.directions == "mean_shape"

    def keep(self, statistics: Statistics) -> None:
        """x̄: the mean of the pose bins' mean shapes (§3.2)."""
        self.mean_shape.copy_(torch.from_numpy(statistics.pose.balanced_mean))

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, S, S) RGB in 0…255 → (B, N, 2) float32 landmarks, crop pixels."""
        said_BN2: Tensor = self.network(images).view(images.shape[0], -1, 2)
        scale = self.image_size / CROP
        px_BN2 = said_BN2 * self.config.unit
        if self.config.target == "displacement":
            return self.mean_shape + px_BN2 * scale
        return (px_BN2 + 0.5) * scale - 0.5

    def directions(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """The true shapes; or the mean shape, turned in the image as each face is."""
        if self.config.directions == "ground_truth":
            return super().directions(batch)
        shapes_BN2 = turned(self.mean_shape, batch.points.float(), batch.valid)
        return shapes_BN2, torch.ones_like(batch.valid)

    def reduce(self, losses_BN: Tensor) -> Tensor:
        """The sum over landmarks, the mean over faces."""
        return losses_BN.sum(dim=1).mean()


def turned(shape_N2: Tensor, points_BN2: Tensor, valid_BN: Tensor) -> Tensor:
    """The shape about its middle, turned as fits each face's valid landmarks best (Procrustes).

    Augmentation turns a face in the image. That it also mirrors some is no matter: a landmark has the name of
    the side of the image that it is on, before and after. A face whose landmarks show no direction has the shape
    as it is.

    Returns:
        (B, N, 2).
    """
    weights_BN1 = valid_BN[..., None].to(points_BN2.dtype)
    count_B11 = weights_BN1.sum(dim=1, keepdim=True).clamp_min(1)
    middle_B12 = (points_BN2 * weights_BN1).sum(dim=1, keepdim=True) / count_B11
    own_B12 = (shape_N2 * weights_BN1).sum(dim=1, keepdim=True) / count_B11
    x_BN, y_BN = ((points_BN2 - middle_B12) * weights_BN1).unbind(-1)
    u_BN, v_BN = (shape_N2 - own_B12).unbind(-1)
    cosine_B = (u_BN * x_BN + v_BN * y_BN).sum(dim=1)
    sine_B = (u_BN * y_BN - v_BN * x_BN).sum(dim=1)
    length_B = torch.hypot(cosine_B, sine_B)
    tiny = torch.finfo(points_BN2.dtype).eps
    is_clear_B = length_B > tiny
    cosine_B1 = torch.where(is_clear_B, cosine_B / length_B.clamp_min(tiny), 1.0)[:, None]
    sine_B1 = torch.where(is_clear_B, sine_B / length_B.clamp_min(tiny), 0.0)[:, None]
    return torch.stack([cosine_B1 * u_BN - sine_B1 * v_BN, sine_B1 * u_BN + cosine_B1 * v_BN], dim=-1)
