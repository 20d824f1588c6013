"""How errors are taken at the gate: on which faces, by which distance; and those of the mean shape."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facealign.config import UserError
from facealign.data.shards.reader import ShardReader
from facealign.data.shards.store import Place
from facealign.geometry import Normaliser
from facealign.metrics import nme
from facealign.training.measured_faces import MeasuredFaces


@dataclass(frozen=True)
class Measuring:
    """How errors are taken.

    Attributes:
        shards: Where the test faces lie.
        normaliser: Reference distance of the NME.
        failure_threshold: NME above which a face has failed.
    """

    shards: Place
    normaliser: Normaliser
    failure_threshold: float

    def test_faces(self, measured: MeasuredFaces) -> ShardReader:
        """The faces that ``measured`` is of.

        Raises:
            UserError: The shards hold others.
        """
        reader = ShardReader(self.shards, "test")
        if reader.index.digest != measured.data_digest or reader_ids(reader) != measured.found.ids:
            raise UserError(
                f"{self.shards}: content {reader.index.digest[:12]}, and the model was measured on "
                f"{measured.data_digest[:12]}; evaluate it again"
            )
        return reader

    def errors(self, predicted: NDArray[np.float64], measured: MeasuredFaces) -> NDArray[np.float64]:
        """(F,) NME of landmarks (F, N, 2), photo pixels, by the truth of ``measured``.

        Raises:
            UserError: See ``metrics.nme``.
        """
        found = measured.found
        return nme(predicted, found.truth, found.valid, measured.schema, self.normaliser, found.ids)

    def mean_shape(self, measured: MeasuredFaces) -> NDArray[np.float64]:
        """(F, N, 2), photo pixels: the training faces' mean landmarks laid into each crop.

        Raises:
            UserError: The shards are others, or have no statistics.
        """
        self.test_faces(measured)
        mean = ShardReader(self.shards, "train").statistics().mean_shape
        return measured.found.in_photos(np.broadcast_to(mean, measured.found.predicted.shape))


def reader_ids(reader: ShardReader) -> tuple[str, ...]:
    """The ids of a fold's faces, in row order."""
    return tuple(labels.id for labels in reader.labels())
