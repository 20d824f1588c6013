"""Some faces of a fold, as a perturbation or one and the same look shows them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from facealign.data.augmentation.views import View, cut_image
from facealign.data.batch import Batch
from facealign.data.dataset import collate, fields_of
from facealign.data.images import Image8
from facealign.data.ordering.order import sample_rng
from facealign.data.shards.reader import ShardReader
from facealign.report.robustness.perturbations import PERTURBATIONS

Look = Callable[[int], tuple[View, Callable[[Image8], None] | None]]
"""For a row of the fold: where to look, and what to do to the pixels in place."""


@dataclass(frozen=True)
class SeenFaces:
    """Looks at the same faces. No state: equal calls give equal batches.

    Args:
        reader: The fold.
        rows: Of the fold.
        batch_size: Faces in one batch; the last may be smaller.
        seed: Of what perturbations draw.
    """

    reader: ShardReader
    rows: tuple[int, ...]
    batch_size: int = 32
    seed: int = 0

    def perturbed(self, kind: str, strength: float) -> Iterator[Batch]:
        """Each face under a perturbation of ``PERTURBATIONS``."""
        perturbation, crop = PERTURBATIONS[kind], self.reader.index.crop

        def look(row: int) -> tuple[View, Callable[[Image8], None]]:
            rng = sample_rng(self.seed, crc32(kind.encode()), row)
            return perturbation.view(crop, strength, rng), lambda image: perturbation.change(image, strength, rng)

        return self._batches(look)

    def seen(self, view: View) -> Iterator[Batch]:
        """Each face as one view shows it."""
        return self._batches(lambda _: (view, None))

    def _batches(self, look: Look) -> Iterator[Batch]:
        index = self.reader.index
        for start in range(0, len(self.rows), self.batch_size):
            faces = []
            for row in self.rows[start : start + self.batch_size]:
                face = self.reader[row]
                view, change = look(row)
                image = cut_image(face.image(), view, index.crop.size)
                if change is not None:
                    image = np.array(image, order="C")  # it may be a part of the shard
                    change(image)
                faces.append(fields_of(face, image, face.points, view, index.landmarks))
            yield collate(faces)
