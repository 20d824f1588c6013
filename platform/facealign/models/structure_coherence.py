"""SCC's network: a backbone, attention-guided features, a node for each landmark, and a graph between the nodes.

Zhu, Lin, Wang, Liao & Qian, "Fast and accurate: structure coherence component for face alignment", §3 and Fig. 2.
At 256 px with 98 landmarks it has 24.68 M parameters with static weights, 24.83 M with dynamic ones, and 5.17 GMAC
(Table 4: 24.68 M, 5.165 G).
"""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from facealign.config import Settings, UserError
from facealign.models.backbone import BackboneSettings, imagenet_input
from facealign.models.backbones import build_backbone
from facealign.models.conv_norm import ConvNormReLU
from facealign.models.fusion import Attention, MultiScaleFusion
from facealign.models.graph import GraphNetwork, GraphSettings
from facealign.models.precision import full_precision

STRIDE = 32
"""Image pixels per pixel of the backbone's last map."""

CROP = 256
"""Side, px, of the crop in whose pixels the last layer speaks."""


class ResNet34Settings(BackboneSettings):
    """The paper's backbone."""

    name: Literal["resnet18", "resnet34", "resnet50", "wide_resnet50_2", "densenet121"] = Field(
        default="resnet34", description="network that computes the features"
    )


class StructureCoherenceSettings(Settings):
    """The parts that the paper ablates (Tables 5 to 7); the defaults are its full network."""

    backbone: ResNet34Settings = ResNet34Settings()
    head: Literal["graph", "fully_connected"] = Field(
        default="graph", description="graph relation network (GN), or the baseline's fully connected layers"
    )
    shallowest: int = Field(
        default=3, ge=2, le=5, description="the stages from this one to F5 are fused (Table 6); 5: F5 alone"
    )
    attention: Attention = Field(
        default="semantic", description="what weighs the finer stages (Table 6): semantic, self, none"
    )
    expansion: int = Field(default=4, ge=1, le=16, description="n, channels of a node's maps")
    graph: GraphSettings = GraphSettings()


class StructureCoherence(nn.Module):
    """Images → coordinates.

    Args:
        config: Size and options.
        landmarks: N.
        image_size: S, px.
        edges: Of the graph, see ``GraphNetwork``.

    Raises:
        UserError: ``image_size`` is no multiple of 32, or there are not k other landmarks.
    """

    def __init__(
        self, config: StructureCoherenceSettings, landmarks: int, image_size: int, edges: int | None = None
    ) -> None:
        super().__init__()
        if image_size % STRIDE:
            raise UserError(f"image size {image_size} px is no multiple of {STRIDE}; choose one that is")
        self.image_size = image_size
        self.backbone = build_backbone(config.backbone)
        side = image_size // STRIDE
        self.head = (
            GraphHead(config, self.backbone.channels, landmarks, side, edges)
            if config.head == "graph"
            else FullyConnectedHead(self.backbone.channels[-1], landmarks, side)
        )

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, S, S) RGB in 0…255 → (B, N, 2) float32, crop pixels."""
        points_BN2: Tensor = self.head(self.backbone.features(imagenet_input(images)))
        return (points_BN2 + 0.5) * (self.image_size / CROP) - 0.5


class GraphHead(nn.Module):
    """Feature maps → coordinates, px of a 256 px crop, by way of a graph.

    Attributes:
        graph: Its neighborhood is to be chosen before it is of use.
    """

    def __init__(
        self,
        config: StructureCoherenceSettings,
        channels: tuple[int, int, int, int],
        landmarks: int,
        side: int,
        edges: int | None,
    ) -> None:
        super().__init__()
        self.landmarks = landmarks
        self.fusion = MultiScaleFusion(channels, config.shallowest, config.attention)
        hidden, mapped = channels[-1] // 2, landmarks * config.expansion
        self.to_nodes = nn.Sequential(
            ConvNormReLU(self.fusion.channels, hidden, kernel=1), ConvNormReLU(hidden, mapped)
        )
        self.graph = GraphNetwork(config.graph, landmarks, config.expansion * side**2, mapped, edges)
        # The network begins at the middle of the crop; the paper does not say where it does.
        nn.init.constant_(self.graph.last.bias, (CROP - 1) / 2)

    def forward(self, features: tuple[Tensor, Tensor, Tensor, Tensor]) -> Tensor:
        """F2…F5 → (B, N, 2) float32."""
        mapped = self.to_nodes(self.fusion(features))
        points: Tensor = self.graph(mapped.reshape(mapped.shape[0], self.landmarks, -1), mapped)
        return points


class FullyConnectedHead(nn.Module):
    """The baseline (Table 5): the last map, 256 hidden features, the coordinates."""

    def __init__(self, channels: int, landmarks: int, side: int, hidden: int = 256) -> None:
        super().__init__()
        self.hidden = nn.Linear(channels * side**2, hidden)
        self.last = nn.Linear(hidden, 2 * landmarks)
        nn.init.constant_(self.last.bias, (CROP - 1) / 2)

    def forward(self, features: tuple[Tensor, Tensor, Tensor, Tensor]) -> Tensor:
        """F2…F5, of which F5 alone is used → (B, N, 2) float32."""
        hidden = torch.relu(self.hidden(features[-1].flatten(1)))
        with full_precision(hidden.device):
            points: Tensor = self.last(hidden.float())
        return points.view(points.shape[0], -1, 2)
