"""Colors of one person: skin, hair, eyes, lips, make-up, beard, clothes; and the light that falls on them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facealign.data.synthetic.background import sample_color
from facealign.data.synthetic.canvas import Color, mix
from facealign.data.synthetic.chances import Chances

_SKIN: tuple[Color, ...] = (
    (246, 212, 190), (236, 192, 164), (222, 172, 138), (205, 150, 114),
    (176, 120, 84), (138, 88, 60), (100, 62, 44),
)  # fmt: skip
_HAIR: tuple[Color, ...] = (
    (24, 20, 20), (46, 32, 24), (78, 52, 34), (120, 84, 52), (176, 138, 88), (150, 70, 40), (160, 158, 156),
)  # fmt: skip
_IRIS: tuple[Color, ...] = ((62, 40, 24), (92, 62, 34), (84, 110, 70), (80, 120, 160), (110, 120, 124))
_LIPSTICK: tuple[Color, ...] = ((176, 24, 44), (200, 50, 90), (130, 20, 50), (214, 84, 80), (110, 30, 80))


@dataclass(frozen=True, kw_only=True)
class Appearance:
    """Albedos, red, green, blue, 0 … 255.

    Attributes:
        hair_length: y of the hair's lower end behind the head, face units.
        hairline: y of the hair's edge on the forehead.
        parting: Where the fringe rises highest, −1 … 1.
        beard: 0 none … 1 full.
        make_up: True: painted lips, shaded lids, rouge.
        freckles: How many.
    """

    skin: Color
    hair: Color
    brow: Color
    iris: Color
    lips: Color
    lid: Color
    clothes: Color
    hair_length: float
    hairline: float
    parting: float
    bald: bool
    beard: float
    make_up: bool
    freckles: int


@dataclass(frozen=True, kw_only=True)
class Light:
    """A lamp and what reaches the shade.

    Attributes:
        direction: (3,) unit vector towards the lamp in the image's frame: x right, y down, z to the viewer.
        ambient: Share of the light that comes from everywhere, 0 … 1.
        warmth: Red over blue in the lamp's color; 0 is white.
        exposure: Factor on all light; 1 is right.
    """

    direction: NDArray[np.float64]
    ambient: float
    warmth: float
    exposure: float


def sample_appearance(chances: Chances) -> Appearance:
    """One person's colors."""
    tone = chances.uniform(0, len(_SKIN) - 1.001)
    skin = mix(_SKIN[int(tone)], _SKIN[int(tone) + 1], tone % 1)
    hair = mix(_HAIR[chances.integer(len(_HAIR))], sample_color(chances), 0.1)
    make_up = chances.happens(0.16)
    natural = mix(skin, (168, 60, 64), chances.uniform(0.2, 0.5))
    painted = _LIPSTICK[chances.integer(len(_LIPSTICK))]
    shadow = mix(skin, sample_color(chances, 10, 160), chances.uniform(0.4, 0.7))
    bearded = not make_up and chances.happens(0.22)
    return Appearance(
        skin=skin,
        hair=hair,
        brow=mix(mix(hair, (30, 22, 18), 0.45), skin, chances.uniform(0.0, 0.25)),
        iris=mix(_IRIS[chances.integer(len(_IRIS))], (60, 50, 40), chances.uniform(0, 0.4)),
        lips=mix(natural, painted, 0.8) if make_up else natural,
        lid=shadow if make_up else mix(skin, (90, 40, 30), 0.16),
        clothes=sample_color(chances),
        hair_length=chances.uniform(0.5, 3.2) if chances.happens(0.5) else chances.uniform(-0.5, 0.3),
        hairline=chances.uniform(-1.0, -0.62),
        parting=chances.uniform(-0.7, 0.7),
        bald=chances.happens(0.08),
        beard=chances.uniform(0.25, 0.9) if bearded else 0.0,
        make_up=make_up,
        freckles=chances.integer(30) if chances.happens(0.3) else 0,
    )


def sample_light(chances: Chances) -> Light:
    """Mostly soft light from above and ahead; for one face in five hard, dim, glaring or colored light."""
    hard = chances.happens(0.2)
    spread = 1.6 if hard else 0.6
    raw = np.array([chances.normal(0, spread), chances.normal(-0.4, 0.3), 0.7 if hard else 1.0])
    kind = chances.integer(3) if hard else -1
    exposure = (chances.uniform(0.38, 0.55), chances.uniform(1.45, 1.8), 1.0)[kind] if hard else 1.0
    return Light(
        direction=raw / np.linalg.norm(raw),
        ambient=chances.uniform(0.15, 0.3) if hard else chances.uniform(0.45, 0.7),
        warmth=chances.normal(0.07, 0.2 if hard else 0.05),
        exposure=exposure * chances.uniform(0.9, 1.1),
    )
