"""A method: network, targets, loss and decoding, as one unit that the loop can train."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from torch import Tensor, nn

from facealign.config import Registry, Settings
from facealign.data.batch import Batch
from facealign.data.statistics import Statistics
from facealign.geometry import LandmarkSchema
from facealign.models.backbone import Backbone


@dataclass(frozen=True)
class LossTerms:
    """A loss and what it is made of.

    Attributes:
        total: () float32, what is minimized: the mean over the batch's samples of what each loses by itself.
        parts: () tensors by name, for the logs; detached or not.
    """

    total: Tensor
    parts: dict[str, Tensor]


class Method(nn.Module, ABC):
    """A paper's method: network, targets and loss.

    The loop calls ``outputs = method(method.inputs(batch))`` and ``loss`` to train, ``method(images)`` and
    ``decode`` to find landmarks; it knows nothing else of a method.
    ``forward`` takes uint8 images (or floats in 0…255), so that scaling them is part of the network wherever it
    runs. Every method has the constructor below.
    """

    Config: ClassVar[type[Settings]]
    sources: ClassVar[Mapping[str, str]] = {}
    """Where each choice comes from, by its dotted path below ``Config`` or a section's: the paper's section, table
    or equation; "code" for what the authors' released code shows; "ours" for what neither says."""

    needs_statistics: ClassVar[bool] = False
    """Whether a training from scratch gives the method the statistics of its faces."""

    def __init__(self, config: Any, schema: LandmarkSchema, image_size: int) -> None:
        super().__init__()
        self.config = config
        self.schema = schema
        self.image_size = image_size

    def use_statistics(self, statistics: Statistics) -> None:
        """Keep what the method needs of the training faces, in buffers that its weights are saved with.

        The loop calls this once, before it trains from scratch, if the method ``needs_statistics``.
        """

    def load_pretrained(self) -> None:
        """Read the weights that the settings let backbones start from; called once, before training from scratch.

        Raises:
            UserError: A file of weights is missing or does not fit.
        """
        for module in self.modules():
            if isinstance(module, Backbone):
                module.load_pretrained()

    @property
    def views(self) -> Literal[1, 2]:
        """The number of views of each face in a training batch: 1, or 2 for a batch with its ``pair``."""
        return 1

    def inputs(self, batch: Batch) -> Tensor:
        """The images of ``batch`` that training passes through the network at once."""
        return batch.images

    @abstractmethod
    def forward(self, images: Tensor) -> Any:
        """(B, 3, S, S) RGB in 0…255 → whatever ``loss`` and ``decode`` take."""

    @abstractmethod
    def loss(self, outputs: Any, batch: Batch) -> LossTerms:
        """The loss of the outputs of ``batch``, in float32: the mean of the losses of its samples.

        Nothing of a sample's loss may depend on the others, and the mean's divisor is constant per sample: a
        landmark that is not valid counts as 0 and is not left out of it. So the losses of any parts of a batch,
        each weighted by its number of samples, are the loss of the whole.
        """

    @abstractmethod
    def decode(self, outputs: Any) -> Tensor:
        """Outputs → (B, N, 2) float32 landmarks, crop pixels."""

    def maps(self, images: Tensor) -> dict[str, Tensor]:
        """Compute the network's maps of ``images``, for display; empty if the network makes no maps.

        Args:
            images: As for ``forward``.

        Returns:
            By name, (B, C, h, w) with values that mean something from 0 to 1; a map covers the whole crop.
        """
        return {}

    def true_maps(self, batch: Batch) -> dict[str, Tensor]:
        """Draw the targets of the maps of the same names, as far as they are known: (B, C, h, w)."""
        return {}


METHODS: Registry[type[Method]] = Registry("method", "facealign.methods")
"""Every method by name; ``@METHODS.register("awing")`` in the method's own file puts it here."""
