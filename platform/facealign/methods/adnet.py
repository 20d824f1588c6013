"""ADNet: Huang et al., "ADNet: leveraging error-bias towards normal direction in face alignment", ICCV 2021.

Each of four stacked hourglasses predicts a landmark map, a point map and an edge map for each landmark. Point and
edge map together are the attention that the landmark map is multiplied with (AAM, Eqs. 7 and 9), and the center of
mass of the product is the landmark. Landmarks learn from a loss that weighs errors across an edge more than those
along it (ADL, Eqs. 3–6), point and edge maps from the Adaptive Wing loss (Eq. 10).

The defaults are the paper's; each part that it ablates is an option: Table 4 is landmark_loss.anisotropy.value,
Table 5 attention, Table 6 network.backbone and network.stacks, Table 14 landmark_loss.anisotropy.strategy. The
baseline of all tables is attention none with landmark_loss.name smooth_l1.

Where the paper is silent: coordinates are measured in the unit square, their loss is the mean over
landmarks, and that of maps the mean over channels and pixels; what has nothing to learn from counts as 0.
"""

from collections.abc import Mapping
from typing import ClassVar, NamedTuple

import torch
from pydantic import Field, model_validator
from torch import Tensor

from facealign.config import Settings, UserError
from facealign.data.batch import Batch
from facealign.geometry import LandmarkSchema
from facealign.losses import LossChoice, WeightMapSettings, weight_map
from facealign.losses.adl import ADLSettings, AnisotropicDirectionLoss
from facealign.losses.focal_factor import focal_factor
from facealign.methods.base import METHODS, LossTerms, Method
from facealign.models.adnet import STRIDE, ADNetwork, ADNetworkSettings
from facealign.models.adnet_heads import Attention, AttentionMask, HeadMaps
from facealign.targets import (
    EdgeMaps,
    EdgeMapSettings,
    HeatmapSettings,
    center_of_mass,
    crop_to_map,
    from_unit,
    gaussian_heatmaps,
    to_unit,
)


class LossWeights(Settings):
    """Weights of the three losses of each stack (Eq. 10), and of the stacks."""

    landmarks: float = Field(default=1.0, gt=0.0, description="of the landmarks' coordinates")
    edges: float = Field(default=10.0, gt=0.0, description="α, of the edge maps")
    points: float = Field(default=10.0, gt=0.0, description="β, of the point maps")
    decay: float = Field(
        default=0.5, gt=0.0, le=1.0, description="of a stack's loss ÷ that of the next one; the last counts 1"
    )


class ADNetSettings(Settings):
    """ADNet's parts; the defaults are the paper's full model at 256 px."""

    attention: Attention = Field(
        default="anisotropic",
        description="what the landmark maps are multiplied with: nothing, the point maps (PAM), the edge maps "
        "(EAM), or the product of both (AAM); a head that is not needed is left out",
    )
    network: ADNetworkSettings = ADNetworkSettings()
    landmark_loss: ADLSettings = Field(default=ADLSettings(), description="loss of the coordinates")
    points: HeatmapSettings = Field(
        default=HeatmapSettings(sigma=1.5, form="continuous"), description="true point maps"
    )
    edges: EdgeMapSettings = Field(default=EdgeMapSettings(), description="true edge maps")
    map_loss: LossChoice = Field(default=LossChoice(), description="loss of a pixel of the point and edge maps")
    weight_map: WeightMapSettings = WeightMapSettings()
    weights: LossWeights = LossWeights()
    focal: tuple[str, ...] = Field(
        default=(),
        description="attributes whose faces weigh more, the rarer in the batch the more (ADNet*); for WFLW: pose, "
        "expression, illumination, make-up, occlusion, blur",
    )

    @model_validator(mode="after")
    def _check(self) -> "ADNetSettings":
        loss = self.landmark_loss
        if self.attention == "none" and loss.anisotropy.strategy == "adaptive" and not loss.is_isotropic:
            raise ValueError(
                "landmark_loss.anisotropy.strategy adaptive measures the attention, and attention is none; choose "
                "another of the two"
            )
        return self


class StackOutput(NamedTuple):
    """The outputs of one stack.

    Attributes:
        points: (B, N, 2) float32 landmarks, unit square.
        attention: (B, N, S/4, S/4) float32 mask, or None without attention.
        maps: Its landmark, point and edge maps.
    """

    points: Tensor
    attention: Tensor | None
    maps: HeadMaps


class MapTargets(NamedTuple):
    """The targets of one kind of maps.

    Attributes:
        maps: (B, C, S/4, S/4) float32.
        weights: Of their pixels, or None where all weigh the same.
        counts: (B, C) bool; the channels to learn from.
    """

    maps: Tensor
    weights: Tensor | None
    counts: Tensor


@METHODS.register("adnet")
class ADNet(Method):
    """Images → a ``StackOutput`` for each stack.

    Args:
        config: Its parts.
        schema: The landmarks and their edges.
        image_size: S, px.

    Raises:
        UserError: ``image_size`` does not suit the network, or the schema lacks the edges that the attention or λ
            needs.
    """

    Config = ADNetSettings
    config: ADNetSettings
    sources: ClassVar[Mapping[str, str]] = {
        "attention": "paper Eqs. 7 and 13; Table 5. A landmark on no edge has the edge mask 1: ours",
        "network": "paper Tables 9–11; the merge as in the authors' code, which has the paper's size",
        "network.backbone": "paper Table 6; the deconvolutions are those of Xiao et al., ECCV 2018",
        "network.stacks": "paper §4.1; 1 in Table 6",
        "network.coord_conv": "paper §3, Table 9; before each hourglass: code",
        "network.boundary_coords": "code has such channels, of its last landmark map; of the edge maps: ours",
        "network.anti_alias": "paper §3, Table 9; off in the code",
        "network.neck": "paper Table 10; residual_conv in the code",
        "network.landmark_activation": "paper Table 10; instance_norm_relu in the code. Maps start at 1 and never "
        "die: ours",
        "network.weights": "ours",
        "landmark_loss": "paper Eqs. 3–6",
        "landmark_loss.knee": "code; the paper's 1 has no unit",
        "landmark_loss.neighbors": "code; Eq. 5 is raw",
        "landmark_loss.anisotropy": "paper §4.1; Tables 4 and 14; adaptive is the code's",
        "landmark_loss.anisotropy.least": "code",
        "landmark_loss.anisotropy.most": "code",
        "points": "paper §4.1",
        "edges": "paper §4.1, in pixels of the map; smooth curves as in the code",
        "map_loss": "paper Eq. 8",
        "weight_map": "code: AWing's",
        "weights": "paper Eq. 10",
        "weights.decay": "paper A.1",
        "focal": "paper §4.2, ADNet* in Tables 3 and 7, after Huang et al., CVPR 2020",
    }

    def __init__(self, config: ADNetSettings, schema: LandmarkSchema, image_size: int) -> None:
        super().__init__(config, schema, image_size)
        has_edges = config.attention in ("edge", "anisotropic")
        if has_edges and not schema.edges:
            raise UserError(
                f"schema {schema.name} has no edges, which attention {config.attention!r} is made of; list some "
                "under `edges` in its file, or choose attention `none` or `point`"
            )
        self.network = ADNetwork(config.network, schema.size, len(schema.edges), config.attention, image_size)
        self.mask = None if config.attention == "none" else AttentionMask(config.attention, _membership(schema))
        self.edge_maps = EdgeMaps(schema, self.network.map_size, config.edges) if has_edges else None
        self.landmark_loss = AnisotropicDirectionLoss(config.landmark_loss, schema)
        self.map_loss = config.map_loss.build()

    def forward(self, images: Tensor) -> tuple[StackOutput, ...]:
        """(B, 3, S, S) RGB in 0…255 → what each stack finds, first to last."""
        return tuple(self._attend(maps) for maps in self.network(images))

    def _attend(self, maps: HeadMaps) -> StackOutput:
        attention = None if self.mask is None else self.mask(maps)
        landmarks = maps.landmarks.float()
        attended = landmarks if attention is None else landmarks * attention
        return StackOutput(center_of_mass(attended), attention, maps)

    def loss(self, outputs: tuple[StackOutput, ...], batch: Batch) -> LossTerms:
        """Eq. 10 of each stack; the last has the weight 1, and each ``weights.decay`` of the next's (A.1).

        Landmarks that are not ``valid`` count as 0, as do edges with such a landmark. Those that augmentation
        pushed off the crop are valid.

        With ``focal`` a sample's loss is not its own alone: it depends on how many others have its attributes
        (ADNet*), among those that this process passes here at once, whatever the batch of an optimizer's step is.

        Args:
            outputs: What ``forward`` returned.
            batch: Its points and validity, on the outputs' device.
        """
        return self.weighted_loss(outputs, batch, self._face_weights(batch))

    def _face_weights(self, batch: Batch) -> Tensor | None:
        """The focal factor of the attributes that are asked for; None where none are."""
        if not self.config.focal or not batch.attributes:
            return None
        rows = [[name in face for name in self.config.focal] for face in batch.attributes]
        return focal_factor(torch.tensor(rows, device=batch.points.device))

    def weighted_loss(
        self, outputs: tuple[StackOutput, ...], batch: Batch, face_weights_B: Tensor | None
    ) -> LossTerms:
        """The loss with a weight for each face, such as ``focal_factor`` gives (ADNet*, Tables 3 and 7).

        Args:
            outputs: What ``forward`` returned.
            batch: Its points and validity, on the outputs' device.
            face_weights_B: (B,) they multiply the faces' losses and do not divide the mean; None: all 1.
        """
        weights = batch.points.new_ones(len(batch.points)) if face_weights_B is None else face_weights_B
        truth = to_unit(batch.points.float(), self.image_size)
        normals = self.landmark_loss.normals(truth, batch.valid)
        anisotropy = self.landmark_loss.anisotropy(normals, outputs[-1].attention, outputs[-1].points)
        targets = self.targets(batch)
        parts: dict[str, Tensor] = {}
        total = truth.new_zeros(())
        for i, output in enumerate(outputs, start=1):
            landmarks = self.landmark_loss(output.points - truth, normals.vectors, anisotropy)
            terms = {"landmarks": _mean(landmarks, batch.valid, weights)}
            for name, wanted in targets.items():
                per_map = self.map_loss.per_map(getattr(output.maps, name), wanted.maps, wanted.weights)
                terms[name] = _mean(per_map, wanted.counts, weights)
            weighted = [getattr(self.config.weights, name) * term for name, term in terms.items()]
            stack = torch.stack(weighted).sum() * self.config.weights.decay ** (len(outputs) - i)
            total = total + stack
            parts[f"stack{i}"] = stack.detach()
        # Beside the stacks' losses, what the last one's is made of.
        return LossTerms(total=total, parts=parts | {name: term.detach() for name, term in terms.items()})

    def targets(self, batch: Batch) -> dict[str, MapTargets]:
        """Draw the targets of the maps that are predicted beside the landmarks': ``points``, ``edges``."""
        points = crop_to_map(batch.points.float(), STRIDE)
        wanted: dict[str, tuple[Tensor, Tensor]] = {}
        if self.config.attention in ("point", "anisotropic"):
            maps = gaussian_heatmaps(points, batch.valid, self.network.map_size, self.config.points)
            wanted["points"] = maps, batch.valid
        if self.edge_maps is not None:
            wanted["edges"] = self.edge_maps(points, batch.valid), self.edge_maps.drawn(batch.valid)
        return {
            name: MapTargets(maps, weight_map(maps, self.config.weight_map), counts)
            for name, (maps, counts) in wanted.items()
        }

    def decode(self, outputs: tuple[StackOutput, ...]) -> Tensor:
        """The last stack's landmarks → (B, N, 2) float32, crop pixels."""
        return from_unit(outputs[-1].points, self.image_size)

    def maps(self, images: Tensor) -> dict[str, Tensor]:
        """The last stack's; ``attended`` is what the landmarks are the centers of.

        Landmark maps and attention count only relative to themselves, and so each is divided by its maximum.
        """
        last = self(images)[-1]
        found = {"landmarks": _to_own_peak(last.maps.landmarks)}
        found |= {name: maps for name in ("points", "edges") if (maps := getattr(last.maps, name)) is not None}
        if last.attention is not None:
            found["attention"] = _to_own_peak(last.attention)
            found["attended"] = _to_own_peak(last.maps.landmarks * last.attention)
        return found

    def true_maps(self, batch: Batch) -> dict[str, Tensor]:
        """The targets, and the attention that maps equal to them would be."""
        wanted = {name: target.maps for name, target in self.targets(batch).items()}
        if self.mask is not None:
            ideal = HeadMaps(batch.points, points=wanted.get("points"), edges=wanted.get("edges"))
            wanted["attention"] = _to_own_peak(self.mask(ideal))
        return wanted


def _mean(losses_BC: Tensor, counts_BC: Tensor, weights_B: Tensor) -> Tensor:
    """() the mean of the losses that count, 0 for the others, each face's times its weight."""
    return (losses_BC * counts_BC * weights_B[:, None]).mean()


def _to_own_peak(maps_BCHW: Tensor) -> Tensor:
    """Each map divided by its maximum; one without a value above 0 stays as it is."""
    peaks = maps_BCHW.amax(dim=(2, 3), keepdim=True)
    return maps_BCHW / torch.where(peaks > 0, peaks, 1.0)


def _membership(schema: LandmarkSchema) -> Tensor:
    """(N, E) bool: whether a landmark lies on an edge (Mat_E2P of Eq. 13)."""
    return torch.tensor([[n in edge.indices for edge in schema.edges] for n in range(schema.size)])
