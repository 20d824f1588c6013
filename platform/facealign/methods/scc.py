"""SCC: Zhu, Lin, Wang, Liao & Qian, "Fast and accurate: structure coherence component for face alignment", 2020.

A backbone's maps become one node for each landmark, and a sparse graph between the most correlated landmarks
turns the nodes into coordinates, trained with the Soft Wing loss. The defaults are the paper's full method. Each
row of its ablations is a choice of options:

=====================================  ==============================================================
Table 5, fully connected               network.head fully_connected, loss l1
GN                                     network.shallowest 5, network.graph.weights binary, loss l1
GN, attention m-s F.                   the same with network.shallowest 3
GN, Soft Wing                          GN with the default loss
all but DW                             network.graph.weights binary
full method                            the default
Table 6, attention                     network.attention: self, semantic
Table 6, feature maps                  network.shallowest: 5, 4, 3, 2
Table 7, top k                         network.graph.k; 97 of 98 landmarks are all
Table 8, loss                          network.head fully_connected; loss l1, wing (ω 20), soft_wing; ε
=====================================  ==============================================================

Where the paper is silent or ambiguous: the layers' sizes and the own matrix of a node are those of the authors'
code, which the paper's parameter count confirms; the loss is the mean over coordinates, in pixels of a 256 px
crop, where landmarks that are not valid count as 0 (ours). The paper balances poses with 9 bins (PDB): that is a
matter of the training's sampling.
"""

from collections.abc import Callable, Mapping
from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor

from facealign.data.statistics import Statistics, pearson_neighbors
from facealign.geometry import LandmarkSchema
from facealign.losses.coordinates import CoordinateLossChoice
from facealign.methods.base import METHODS
from facealign.methods.coordinates import CoordinateMethod, CoordinateMethodSettings
from facealign.models.structure_coherence import GraphHead, StructureCoherence, StructureCoherenceSettings


class SCCSettings(CoordinateMethodSettings):
    """SCC's parts; the defaults are the paper's full method at 256 px."""

    network: StructureCoherenceSettings = StructureCoherenceSettings()
    loss: CoordinateLossChoice = Field(
        default=CoordinateLossChoice(name="soft_wing"), description="loss of a coordinate, px of a 256 px crop"
    )


@METHODS.register("scc")
class SCC(CoordinateMethod):
    """Regression of coordinates through a graph of landmarks.

    Raises:
        UserError: ``image_size`` is no multiple of 32, or there are not k other landmarks.
    """

    Config = SCCSettings
    config: SCCSettings
    sources: ClassVar[Mapping[str, str]] = {
        "network": "paper §3 and Fig. 2; widths and layers as in its authors' code, which has the paper's size",
        "network.backbone": "paper §4.2: ResNet-34, from scratch",
        "network.head": "paper §4.4; GN in Table 5",
        "network.shallowest": "paper §3.1; Table 6",
        "network.attention": "paper Eq. 1; Table 6",
        "network.expansion": "paper §3.2",
        "network.graph.k": "paper Eq. 5; Table 7",
        "network.graph.neighbors": "paper Eq. 5; mutual: code",
        "network.graph.weights": "paper Eq. 6; DW in Table 5; static: code",
        "network.graph.own_matrix": "code, confirmed by Table 4's parameter count; paper Eq. 6 has one matrix",
        "network.graph.blocks": "paper §4.2",
        "network.graph.width": "paper §4.2",
        "loss": "paper Eq. 9, parameters by §4.2; Table 8; the unit and the mean are ours",
    }

    def __init__(self, config: SCCSettings, schema: LandmarkSchema, image_size: int) -> None:
        super().__init__(config, schema, image_size)
        self.network = StructureCoherence(config.network, schema.size, image_size)

    @property
    def uses_statistics(self) -> bool:
        """The graph's neighbors come from them."""
        return isinstance(self.network.head, GraphHead)

    def keep(self, statistics: Statistics) -> None:
        """Connect each landmark to the k landmarks whose positions correlate most with its own (Eqs. 4 and 5)."""
        if not isinstance(self.network.head, GraphHead):
            return
        graph = self.config.network.graph
        adjacent_NN = pearson_neighbors(statistics.correlation, graph.degree(self.schema.size))
        if graph.neighbors == "mutual":
            adjacent_NN = adjacent_NN | adjacent_NN.T
        self.network.head.graph.neighborhood.choose(torch.from_numpy(adjacent_NN))

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, S, S) RGB in 0…255 → (B, N, 2) float32 landmarks, crop pixels."""
        points: Tensor = self.network(images)
        return points

    def maps(self, images: Tensor) -> dict[str, Tensor]:
        """The spatial attention of each finer stage (Eq. 1), from its least to its greatest; none without it.

        A stage is weighed by 1 + attention, so that differences count and no place is ever left out.
        """
        head, found = self.network.head, {}
        if not isinstance(head, GraphHead):
            return {}

        def keep(name: str) -> Callable[..., None]:
            return lambda _module, _inputs, attention: found.update({name: _from_least_to_most(attention[1])})

        hooks = [maps.register_forward_hook(keep(f"attention F{i}")) for i, maps in head.fusion.maps.items()]
        self(images)
        for hook in hooks:
            hook.remove()
        return found

    def reduce(self, losses_BN: Tensor) -> Tensor:
        """The mean over coordinates and faces."""
        return losses_BN.mean() / 2


def _from_least_to_most(maps_BCHW: Tensor) -> Tensor:
    """Each map with its least value at 0 and its greatest at 1."""
    least, most = maps_BCHW.amin(dim=(2, 3), keepdim=True), maps_BCHW.amax(dim=(2, 3), keepdim=True)
    return (maps_BCHW - least) / (most - least).clamp_min(1e-9)
