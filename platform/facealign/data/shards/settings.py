"""How prepared faces are stored."""

from typing import Literal

from pydantic import Field

from facealign.config import Settings


class ShardSettings(Settings):
    """Size of the files and form of the pictures in them."""

    megabytes: float = Field(
        default=16.0, gt=0, le=1024, description="what a shard comes to on average, 10⁶ bytes"
    )
    encoding: Literal["jpeg", "png"] = Field(
        default="jpeg", description="of the stored crops; PNG is lossless, larger and slower"
    )
    quality: int = Field(default=95, ge=50, le=100, description="of JPEG")
