"""The augmentation recipes of the papers, by name.

A recipe holds what it switches on; every other setting has the default of ``AugmentSettings``. [P] is the paper's
text, [C] the authors' released code; what has neither mark is our choice, since the paper leaves it open.
"""

from collections.abc import Mapping
from typing import Any

_AWING: Mapping[str, Any] = {
    "rotation": 50.0,  # [P] ±50°
    "shift": 25 / 256,  # [P] ±25 px of 256
    "scale": 0.15,  # [P] ±15 %
    "flip": 0.5,  # [P]
    "blur": 0.1,  # [P] names Gaussian blur, noise and occlusion, without how often and how strong
    "noise": 0.1,
    "occlusion": 0.3,
    "occlusion_fill": "random",
    "gray": 0.1,  # not in the paper
    "color": 0.4,  # not in the paper
    "brightness": 0.2,
    "contrast": 0.2,
}

RECIPES: Mapping[str, Mapping[str, Any]] = {
    "none": {},
    # Wang, Bo, Fuxin, ICCV 2019, Sec. 7.3.
    "awing": _AWING,
    # Huang et al., ICCV 2021, Sec. 4.1. The code has `gamma: 0.2` and `byte_noise: 0.2` besides; the paper not.
    "adnet": {
        "distribution": "normal",  # [C]; the paper prints the three strengths as if they were bounds
        "rotation": 18.0,  # [P] 18°, [C] σ
        "shift": 0.05,  # [P] ±5 %, [C] σ
        "scale": 0.1,  # [P] ±10 %, [C] σ
        "flip": 0.5,  # [P]
        "occlusion": 0.4,  # [P]
        "occlusion_height": (0.1, 0.4),  # [C]
        "occlusion_stretch": 0.1,  # [C]; so the width is 0…50 %
        "occlusion_fill": "black",  # [C]
        "blur": 0.3,  # [P]
        "blur_kernel": "box",  # [C]
        "blur_size": (0.0, 0.05),  # [C]
        "gray": 0.2,  # [P]
    },
    # Bulat, Sanchez, Tzimiropoulos, BMVC 2021, Sec. 5.
    "subpixel": {
        "rotation": 30.0,  # [P] ±30°
        "scale": 0.15,  # [P] 0.85…1.15
        "flip": 0.5,  # [P] flips, without how often
        "color": 1.0,  # [P] 0.6…1.4, read as hourglass networks have it: a factor for each channel
        "channel_gain": 0.4,
    },
    # Zhu et al., Fast and Accurate: Structure Coherence Component for Face Alignment, 2020, Sec. 4.
    "scc": {
        "rotation": 40.0,  # [P] ±40°
        "shift": 30 / 256,  # [P] ±30 px of 256
        "scale": 0.1,  # [P] ±10 %
        "flip": 0.5,  # [P]
        "occlusion": 0.5,  # [P] names occlusion, without how often
        "occlusion_height": (0.2, 0.2),  # [P] "20 % of image size", read as the side of a square
        "occlusion_stretch": 0.0,
        "occlusion_fill": "black",
    },
    # The anisotropic paper states no augmentation: it is trained with AWing's, with which it compares itself most.
    "anisotropic": _AWING,
}
"""Settings by recipe."""
