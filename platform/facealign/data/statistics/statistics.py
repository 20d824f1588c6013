"""Statistics of the training faces, computed once when they are prepared, and stored beside them."""

import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from facealign.config import UserError
from facealign.data.statistics.axis import PoseAxis, find_axis
from facealign.data.statistics.blocks import Chunks, blocks
from facealign.data.statistics.moments import PIXEL_STEP, MeanSums, PairSums
from facealign.data.statistics.pose import BINS, PoseBins, find_bins
from facealign.geometry import LandmarkSchema

VERSION = 1


@dataclass(frozen=True, eq=False)
class Statistics:
    """Metrics of the training split, R faces of N landmarks, in pixels of the plain view (the network's input).

    Equal faces in equal order give equal bytes, however they are handed over.

    Attributes:
        landmarks: Name of the landmark schema.
        known: (N,) int64, faces in which each landmark is known.
        mean_shape: (N, 2) mean of each landmark over the faces that know it.
        covariance: (2N, 2N) sample covariance of (x₀, y₀, x₁, …), each pair over the faces that know both; 0 where
            fewer than two do. With unknown landmarks it need not be positive semi-definite.
        correlation: (N, N) in 0…1, C = (|Cx| + |Cy|) / 2 with Pearson's coefficients Cx of the landmarks' x and Cy
            of their y (SCC, Eq. 4 [P]); over the same faces; 0 where undefined, 1 on the diagonal.
        axis: What varies most between the shapes: how far the head is turned.
        pose: The faces in bins along that axis.
    """

    landmarks: str
    known: NDArray[np.int64]
    mean_shape: NDArray[np.float64]
    covariance: NDArray[np.float64]
    correlation: NDArray[np.float64]
    axis: PoseAxis
    pose: PoseBins

    @classmethod
    def of(cls, chunks: Chunks, schema: LandmarkSchema, bins: int = BINS) -> "Statistics":
        """The statistics of the faces that ``chunks`` gives.

        Args:
            chunks: Called for each of ten passes and more; gives the same faces in the same order every time, as
                pairs of landmarks (R, N, 2) float32, pixels of the plain view, and whether each is known, (R, N)
                bool. What is not known may be any number, NaN too. Nothing but scores and bins, a few bytes a
                face, grows with the number of faces.
            schema: Of the landmarks.
            bins: Pose bins, K.

        Raises:
            UserError: There is no face, no face knows a certain landmark, or a landmark is nowhere near its crop.
        """
        means = MeanSums(schema.size, PIXEL_STEP)
        faces = 0
        for points, valid in blocks(chunks(), schema.size):
            means.add(points, valid)
            faces += len(points)
        _require_all_known(means.counts_N, faces)
        mean_shape = means.mean()
        pairs = PairSums(mean_shape, PIXEL_STEP)
        for points, valid in blocks(chunks(), schema.size):
            pairs.add(points, valid)
        axis = find_axis(chunks, mean_shape, schema)
        pose = find_bins(chunks, axis, bins)
        return cls(schema.name, means.counts_N, mean_shape, pairs.covariance(), pairs.correlation(), axis, pose)

    def to_bytes(self) -> bytes:
        """The statistics as a safetensors file; equal statistics give equal bytes."""
        # One entry of metadata: the format does not fix the order of several.
        note = json.dumps({"version": VERSION, "landmarks": self.landmarks})
        return save(self._arrays(), metadata={"facealign": note})

    @classmethod
    def from_bytes(cls, data: bytes) -> "Statistics":
        """The statistics that ``to_bytes`` wrote.

        Raises:
            UserError: The bytes are something else, or of another version.
        """
        try:
            arrays = load(data)
            length = int.from_bytes(data[:8], "little")
            note = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["facealign"])
            if note["version"] != VERSION:
                raise UserError(
                    f"statistics of version {note['version']}, this program reads version {VERSION}; "
                    "prepare the data again"
                )
            axis = PoseAxis(arrays["axis.mean"], arrays["axis.component"], arrays["axis.noise"].item())
            pose = PoseBins(
                *(arrays[f"pose.{name}"] for name in ("bins", "counts", "edges", "means", "balanced_mean"))
            )
            plain = {name: arrays[name] for name in ("known", "mean_shape", "covariance", "correlation")}
            return cls(landmarks=note["landmarks"], **plain, axis=axis, pose=pose)
        except (SafetensorError, KeyError, TypeError, json.JSONDecodeError) as error:
            raise UserError(f"not statistics of this program ({error!r}); prepare the data again") from None

    def _arrays(self) -> dict[str, NDArray[np.generic]]:
        parts = {"": self, "axis.": self.axis, "pose.": self.pose}
        named = {f"{at}{name}": value for at, part in parts.items() for name, value in vars(part).items()}
        named["axis.noise"] = np.array([self.axis.noise])
        return {name: np.ascontiguousarray(v) for name, v in named.items() if isinstance(v, np.ndarray)}


def pearson_neighbors(correlation_NN: NDArray[np.float64], k: int) -> NDArray[np.bool_]:
    """(N, N) SCC's binary adjacency matrix with self-loops: the k + 1 greatest of each row (Eq. 5).

    The landmark itself is always among them; of equals, the one with the lower number is.

    Raises:
        UserError: There are not k other landmarks.
    """
    n = len(correlation_NN)
    if not 0 <= k < n:
        raise UserError(f"k = {k} neighbors, but a landmark has {n - 1} others; choose 0…{n - 1}")
    ranked_NN = correlation_NN.copy()
    np.fill_diagonal(ranked_NN, np.inf)
    nearest_Nk = np.argsort(-ranked_NN, axis=1, kind="stable")[:, : k + 1]
    adjacent_NN = np.zeros((n, n), dtype=np.bool_)
    np.put_along_axis(adjacent_NN, nearest_Nk, True, axis=1)
    return adjacent_NN


def _require_all_known(counts_N: NDArray[np.int64], faces: int) -> None:
    if not faces:
        raise UserError(
            "there is no training face to compute statistics from; see the fold's fraction of the samples"
        )
    unknown = np.flatnonzero(counts_N == 0)
    if unknown.size:
        raise UserError(
            f"landmarks {unknown.tolist()} are unknown in all {faces} training faces, so they have no mean; "
            "choose a landmark schema without them"
        )
