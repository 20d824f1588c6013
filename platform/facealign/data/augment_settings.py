"""How much a training view may differ from the plain crop."""

from pydantic import Field

from facealign.config import Settings

_PROBABILITY = {"ge": 0, "le": 1}


class AugmentSettings(Settings):
    """Ranges of the geometric changes, and probabilities of the photometric ones.

    The defaults are AWing's (Wang et al., ICCV 2019, section 7.1): ±50°, ±25 px of 256, ±15 %, mirrored half of the
    time. The paper names blur, noise and occlusion without their strengths; those are ours.
    """

    rotation: float = Field(default=50.0, ge=0, le=180, description="turns by up to ± this, degrees")
    shift: float = Field(default=25 / 256, ge=0, le=0.5, description="moves by up to ± this share of the crop's side")
    scale: float = Field(default=0.15, ge=0, le=0.9, description="scales by 1 ± up to this")
    flip: float = Field(default=0.5, **_PROBABILITY, description="probability of mirroring")
    blur: float = Field(default=0.1, **_PROBABILITY, description="probability of a Gaussian blur")
    noise: float = Field(default=0.1, **_PROBABILITY, description="probability of Gaussian noise")
    occlusion: float = Field(default=0.3, **_PROBABILITY, description="probability of a rectangle that covers a part")
    gray: float = Field(default=0.1, **_PROBABILITY, description="probability of losing all colour")
    colour: float = Field(default=0.4, **_PROBABILITY, description="probability of another brightness and contrast")


AWING = AugmentSettings()
"""The recipe of AWing."""
NONE = AugmentSettings(rotation=0, shift=0, scale=0, flip=0, blur=0, noise=0, occlusion=0, gray=0, colour=0)
"""The plain crop."""
