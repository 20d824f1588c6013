"""Settings of the shards."""

from typing import Literal

from pydantic import Field

from facealign.config import Settings

_BYTES_PER_PIXEL = {"jpeg": 0.35, "png": 1.4, "raw": 3.0}
"""Bytes for a pixel of a stored crop, estimated. Measured for JPEG of quality 95: 0.32 (300-W at 256 px), 0.2…0.3
(synthetic faces); for PNG: 1.5 and 1.0…1.2."""


class ShardSettings(Settings):
    """Size of the files and form of the images in them."""

    megabytes: float = Field(
        default=16.0, gt=0, le=1024, description="what a shard comes to on average, about, 10⁶ bytes"
    )
    encoding: Literal["jpeg", "png", "raw"] = Field(
        default="jpeg",
        description="of the stored crops; PNG is lossless, larger and slower; raw pixels need no decoding and the "
        "most room",
    )
    quality: int = Field(default=95, ge=50, le=100, description="of JPEG")

    def mean_rows(self, stored_size: int, landmarks: int) -> float:
        """Faces in a shard on average, estimated before one is encoded: at least 1.

        Args:
            stored_size: Side of the stored crops, px.
            landmarks: N.
        """
        picture = _BYTES_PER_PIXEL[self.encoding] * stored_size**2
        return max(self.megabytes * 1e6 / (picture + 10 * landmarks + 200), 1.0)
