"""Settings of augmentation."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from facealign.config import Settings
from facealign.data.augmentation.recipes import RECIPES


def _ordered(ends: tuple[float, float]) -> tuple[float, float]:
    if ends[0] > ends[1]:
        raise ValueError(f"a range is [lowest, highest], but {ends[0]:g} is above {ends[1]:g}")
    return ends


def _as_tuple(ends: Any) -> Any:
    # What has been merged with a recipe is no longer JSON, whose lists a strict tuple would accept.
    return tuple(ends) if isinstance(ends, list) else ends


_Share = Annotated[float, Field(ge=0, le=1)]
_ShareRange = Annotated[tuple[_Share, _Share], BeforeValidator(_as_tuple), AfterValidator(_ordered)]
_GammaRange = Annotated[
    tuple[Annotated[float, Field(gt=0, le=1)], Annotated[float, Field(ge=1, le=10)]], BeforeValidator(_as_tuple)
]


class ExtraTransform(Settings):
    """A transform of Albumentations: ``{name: MotionBlur, probability: 0.1, params: {blur_limit: 7}}``."""

    name: str = Field(description="of a transform that changes pixels and moves nothing")
    probability: _Share = 1.0
    params: dict[str, Any] = Field(default_factory=dict, description="what the transform is built with")


class AugmentSettings(Settings):
    """Ranges of geometric changes, and probabilities and strengths of pixel changes.

    In a settings file, the name of a recipe, or a recipe and the values that differ from it::

        augment: adnet
        augment: {recipe: adnet, flip: 0.0, gamma: 0.2}
        augment: {recipe: awing, extra_transforms: [{name: MotionBlur, probability: 0.1}]}

    Where no recipe is named, it is ``awing``. The sources of the recipes' values are in ``augment_recipes``;
    the defaults here are strengths that do nothing until a recipe, or a value, switches their change on. The order
    of the changes is ADNet's [C]: occlusion, blur, color, gamma, noise, gray.
    """

    recipe: str = Field(default="awing", description="values that are not named come from it")

    distribution: Literal["uniform", "normal"] = Field(
        default="uniform", description="of rotation, shift and scale: their values are bounds, or σ"
    )
    rotation: float = Field(default=0.0, ge=0, le=180, description="degrees")
    shift: float = Field(default=0.0, ge=0, le=0.5, description="× the crop's side, in x and in y")
    scale: float = Field(default=0.0, ge=0, le=0.9, description="of the change: a scale is 1 + the draw")
    flip: _Share = Field(default=0.0, description="probability of mirroring")

    occlusion: _Share = Field(default=0.0, description="probability of a box over the face")
    occlusion_height: _ShareRange = Field(default=(0.1, 0.4), description="of the box ÷ the crop's side")
    occlusion_stretch: _Share = Field(
        default=0.1, description="the width differs from the height by up to ± this × the crop's side"
    )
    occlusion_fill: Literal["black", "random"] = Field(default="black", description="random: any one color")
    occlusion_hides: bool = Field(
        default=False,
        description="whether landmarks under the box stop being `visible`; the papers train the network to find "
        "them all the same, and `visible` is what the annotators saw",
    )
    blur: _Share = Field(default=0.0, description="probability")
    blur_kernel: Literal["gaussian", "box"] = "gaussian"
    blur_size: _ShareRange = Field(
        default=(0.004, 0.012), description="σ of the Gaussian, or side of the box, ÷ the crop's side"
    )
    color: _Share = Field(default=0.0, description="probability of other brightness, contrast and channel gains")
    brightness: _Share = Field(default=0.0, description="± up to this × 255 is added")
    contrast: _Share = Field(default=0.0, description="values × (1 ± up to this)")
    channel_gain: _Share = Field(default=0.0, description="R, G and B each × (1 ± up to this)")
    gamma: _Share = Field(default=0.0, description="probability of values^γ; 0.2 in ADNet [C]")
    gamma_range: _GammaRange = Field(
        default=(0.25, 4.0), description="half of the γ are below 1, half above, uniform in each half; ADNet [C]"
    )
    noise: _Share = Field(default=0.0, description="probability of Gaussian noise, alike in R, G and B")
    noise_level: _ShareRange = Field(default=(0.02, 0.06), description="σ of the noise ÷ 255")
    byte_noise: _Share = Field(
        default=0.0, description="probability of a blend with random bytes; 0.2 in ADNet [C]"
    )
    byte_noise_weight: _ShareRange = Field(default=(0.0, 0.5), description="of the bytes; ADNet [C]")
    gray: _Share = Field(default=0.0, description="probability of losing all color")
    extra_transforms: Annotated[tuple[ExtraTransform, ...], BeforeValidator(_as_tuple)] = Field(
        default=(), description="more changes of pixels after these, by the names that Albumentations gives them"
    )

    annotation_noise: _Share = Field(
        default=0.0,
        description="probability that a training landmark is annotated wrongly, the same way in every epoch; "
        "AWing Table 11, P",
    )
    annotation_noise_distance: _Share = Field(
        default=0.1, description="how far off such a landmark is, in any direction, × inter-ocular; Table 11, S"
    )

    @model_validator(mode="before")
    @classmethod
    def _from_recipe(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = {"recipe": value}
        if not isinstance(value, dict):
            return value
        name = value.get("recipe", "awing")
        if not isinstance(name, str) or name not in RECIPES:
            raise ValueError(f"unknown augmentation recipe {name!r}; known are: {', '.join(sorted(RECIPES))}")
        return {"recipe": name, **RECIPES[name], **value}

    def with_changes(self, **changes: Any) -> Self:
        """Return a validated copy of the settings with other values."""
        return self.model_validate({**self.model_dump(), **changes})

    @property
    def changes_views(self) -> bool:
        """Whether any view can differ from the plain crop."""
        geometry = (self.rotation, self.shift, self.scale, self.flip)
        pixels = (self.occlusion, self.blur, self.color, self.gamma, self.noise, self.byte_noise, self.gray)
        return any(geometry + pixels) or bool(self.extra_transforms)


AWING = AugmentSettings(recipe="awing")
"""The recipe of AWing."""
NONE = AugmentSettings(recipe="none")
"""The plain crop."""
