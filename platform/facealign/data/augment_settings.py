"""How much a training view may differ from the plain crop."""

from typing import Annotated

from pydantic import Field

from facealign.config import Settings

_Share = Annotated[float, Field(ge=0, le=1)]


class AugmentSettings(Settings):
    """Ranges of the geometric changes, and probabilities of the photometric ones.

    The defaults are AWing's (Wang et al., ICCV 2019): ±50°, ±25 px of 256, ±15 %, mirrored half of the time. The
    paper names blur, noise and occlusion without their probabilities and strengths; those are ours, and so are
    gray, brightness and contrast.
    """

    rotation: float = Field(default=50.0, ge=0, le=180, description="turns by up to ± this, degrees")
    shift: float = Field(default=25 / 256, ge=0, le=0.5, description="moves by up to ± this × the crop's side")
    scale: float = Field(default=0.15, ge=0, le=0.9, description="scales by 1 ± up to this")
    flip: _Share = Field(default=0.5, description="probability of mirroring")
    blur: _Share = Field(default=0.1, description="probability of a Gaussian blur")
    noise: _Share = Field(default=0.1, description="probability of Gaussian noise")
    occlusion: _Share = Field(default=0.3, description="probability of a covering rectangle")
    gray: _Share = Field(default=0.1, description="probability of losing all colour")
    colour: _Share = Field(default=0.4, description="probability of other brightness and contrast")


AWING = AugmentSettings()
"""The recipe of AWing."""
NONE = AugmentSettings(rotation=0, shift=0, scale=0, flip=0, blur=0, noise=0, occlusion=0, gray=0, colour=0)
"""The plain crop."""
