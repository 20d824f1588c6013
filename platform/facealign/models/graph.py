"""The graph relation network (SCC, §3.2): landmarks as nodes that aggregate their neighbors' features.

The layers follow the semantic graph convolutions of Zhao et al., CVPR 2019, on which the authors build: a node's
own features and its neighbors' have a matrix each; a softmax over the neighbors makes a mean of them (Eq. 6).
Eq. 5 gives 98·(3+1) = 392 edges. The authors' code also connects a landmark to those that chose it, which makes
470 with their list of WFLW's neighbors.
"""

import math
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from facealign.config import Settings, UserError
from facealign.models.precision import full_precision


class GraphSettings(Settings):
    """Size of the network and where its weights come from; the defaults are the paper's."""

    k: Annotated[int, Field(ge=1)] | Literal["all"] = Field(
        default=3, description="neighbors that each landmark chooses (Table 7); all: every other landmark"
    )
    neighbors: Literal["chosen", "mutual"] = Field(
        default="chosen",
        description="chosen: the k most correlated ones (Eq. 5); mutual: also those that chose it (authors' code)",
    )
    weights: Literal["dynamic", "static", "binary"] = Field(
        default="dynamic",
        description="of the neighbors: dynamic, from the face's features (DW); static, learned for each layer; "
        "binary, all the same (Table 5, GN without DW)",
    )
    own_matrix: bool = Field(
        default=True,
        description="a node's own features have a matrix of their own (authors' code); false: one for all (Eq. 6)",
    )
    blocks: int = Field(default=4, ge=0, le=16, description="residual blocks of two graph convolutions (§4.2)")
    width: int = Field(default=128, ge=2, le=1024, description="features of a hidden node (§4.2)")

    def degree(self, landmarks: int) -> int:
        """The number of neighbors that each of ``landmarks`` has."""
        return landmarks - 1 if self.k == "all" else self.k

    def capacity(self, landmarks: int) -> int:
        """The most edges that ``landmarks`` nodes can have, self-loops included.

        Raises:
            UserError: There are not k other landmarks.
        """
        k = self.degree(landmarks)
        if k >= landmarks:
            raise UserError(
                f"k = {k} neighbors, but a landmark has {landmarks - 1} others; choose 1…{landmarks - 1}"
            )
        per_node = k + 1 if self.neighbors == "chosen" else 2 * k + 1
        return min(landmarks * per_node, landmarks**2)


class Neighborhood(nn.Module):
    """The adjacency of the landmarks; a buffer, so that it is saved with the weights.

    Args:
        nodes: N.
        edges: E, how many there can be.

    Attributes:
        edges: (E,) int64, N·i + j where j is a neighbor of i; N² where there are fewer. Until they are known, each
            node has itself and the next ones.
    """

    edges: Tensor

    def __init__(self, nodes: int, edges: int) -> None:
        super().__init__()
        self.nodes = nodes
        i, step = torch.arange(nodes), torch.arange(-(-edges // nodes))
        ring = nodes * i[:, None] + (i[:, None] + step) % nodes
        # Sorted by distance, so that what is cut off is farthest.
        self.register_buffer("edges", ring.T.flatten()[:edges].contiguous())

    def choose(self, adjacent_NN: Tensor) -> None:
        """Set the adjacency: landmark j is a neighbor of i where ``adjacent_NN[i, j]``; the diagonal is True."""
        found = adjacent_NN.flatten().nonzero().flatten().to(self.edges)
        self.edges.fill_(self.nodes**2)
        self.edges[: len(found)] = found

    def forward(self, scores_BE: Tensor) -> Tensor:
        """Scores of the edges → (B, N, N) weights whose rows sum to 1 (Eq. 6)."""
        n = self.nodes
        # One place more than there are pairs: for the edges that are not used.
        everywhere = scores_BE.new_full((scores_BE.shape[0], n * n + 1), -math.inf)
        filled = everywhere.scatter(1, self.edges.expand_as(scores_BE), scores_BE)
        return filled[:, :-1].view(-1, n, n).softmax(dim=-1)


class GraphNetwork(nn.Module):
    """Node features → coordinates: a graph convolution, residual blocks, a last convolution without activation.

    Args:
        config: Size and options.
        nodes: N.
        incoming: Features of a node.
        channels: C of the map that dynamic weights are made from.
        edges: E; ``config.capacity(nodes)`` if None.

    Raises:
        UserError: There are not k other landmarks.
    """

    def __init__(
        self, config: GraphSettings, nodes: int, incoming: int, channels: int, edges: int | None = None
    ) -> None:
        super().__init__()
        count = config.capacity(nodes) if edges is None else edges
        self.neighborhood = Neighborhood(nodes, count)
        self.weights = config.weights
        self.dynamic = (
            nn.Sequential(
                nn.Linear(channels, channels // 2),
                nn.ReLU(inplace=True),
                nn.BatchNorm1d(channels // 2),
                nn.Linear(channels // 2, count),
            )
            if config.weights == "dynamic"
            else None
        )
        learned = count if config.weights == "static" else 0
        self.first = _NormalizedConv(GraphConv(incoming, config.width, learned, config.own_matrix))
        self.blocks = nn.ModuleList(
            nn.ModuleList(
                _NormalizedConv(GraphConv(config.width, config.width, learned, config.own_matrix))
                for _ in range(2)
            )
            for _ in range(config.blocks)
        )
        self.last = GraphConv(config.width, 2, learned, config.own_matrix)

    def forward(self, nodes_BNC: Tensor, map_BCHW: Tensor) -> Tensor:
        """(B, N, C) nodes and the map they were cut from → (B, N, 2), in float32.

        Raises:
            UserError: Dynamic weights are to be trained on one face.
        """
        if self.dynamic is not None and self.training and len(nodes_BNC) == 1:
            raise UserError(
                "dynamic weights are normalized over the faces of a batch, and each process has one; raise"
                " batch_size, or choose weights: static"
            )
        with full_precision(nodes_BNC.device):
            common = self._common_weights(map_BCHW)
            x = self.first(nodes_BNC.float(), self.neighborhood, common)
            for block in self.blocks:
                assert isinstance(block, nn.ModuleList)
                inner = block[0](x, self.neighborhood, common)
                x = block[1](inner, self.neighborhood, common) + x
            out: Tensor = self.last(x, self.neighborhood, common)
        return out

    def _common_weights(self, map_BCHW: Tensor) -> Tensor | None:
        """(B or 1, N, N), the same for every layer; None where each has its own."""
        if self.dynamic is not None:
            weights: Tensor = self.neighborhood(self.dynamic(map_BCHW.float().mean(dim=(2, 3))))
            return weights
        if self.weights == "static":
            return None
        equal: Tensor = self.neighborhood(torch.zeros_like(self.neighborhood.edges, dtype=torch.float32)[None])
        return equal


class GraphConv(nn.Module):
    """Each node's own features and the weighted mean of its neighbors', each through a matrix.

    Args:
        incoming: Features in.
        outgoing: Features out.
        edges: E scores that the layer learns; 0: it is given its weights.
        own_matrix: Whether a node's own features have another matrix than its neighbors'.
    """

    def __init__(self, incoming: int, outgoing: int, edges: int, own_matrix: bool) -> None:
        super().__init__()
        self.outgoing = outgoing
        self.neighbors = nn.Linear(incoming, outgoing, bias=False)
        self.own = nn.Linear(incoming, outgoing, bias=False) if own_matrix else None
        self.bias = nn.Parameter(torch.zeros(outgoing))
        self.scores = nn.Parameter(torch.ones(edges)) if edges else None
        for matrix in filter(None, (self.neighbors, self.own)):
            nn.init.xavier_uniform_(matrix.weight, gain=math.sqrt(2))

    def forward(self, x_BNC: Tensor, neighborhood: Neighborhood, weights_BNN: Tensor | None) -> Tensor:
        """(B, N, incoming) → (B, N, outgoing).

        Args:
            x_BNC: The nodes.
            neighborhood: Makes weights of the layer's own scores.
            weights_BNN: Given weights, (1, N, N) if all faces have the same; None if the layer has its own scores.
        """
        if self.scores is not None:
            weights_BNN = neighborhood(self.scores[None])
        assert weights_BNN is not None
        heard_BNC: Tensor = self.neighbors(x_BNC)
        if self.own is None:
            return weights_BNN @ heard_BNC + self.bias
        own_BNC: Tensor = self.own(x_BNC)
        loops_BN1 = weights_BNN.diagonal(dim1=1, dim2=2)[..., None]
        is_loop_NN = torch.eye(weights_BNN.shape[1], dtype=torch.bool, device=weights_BNN.device)
        others_BNN = weights_BNN.masked_fill(is_loop_NN, 0.0)
        return loops_BN1 * own_BNC + others_BNN @ heard_BNC + self.bias


class _NormalizedConv(nn.Module):
    """Graph convolution, batch norm over the features, ReLU."""

    def __init__(self, conv: GraphConv) -> None:
        super().__init__()
        self.conv = conv
        self.norm = nn.BatchNorm1d(conv.outgoing)

    def forward(self, x_BNC: Tensor, neighborhood: Neighborhood, weights_BNN: Tensor | None) -> Tensor:
        mixed_BCN = self.conv(x_BNC, neighborhood, weights_BNN).transpose(1, 2)
        normed: Tensor = self.norm(mixed_BCN)
        return normed.transpose(1, 2).relu()
