"""Parameters of a synthetic person: the shape of the head and the expression.

Lengths are in *face units*: one unit is half the width of an average face at eye level. The frontal face has its
origin between the eyes, x to the image's right, y down, z towards the viewer. `Right` and `left` are the subject's
own, so the right eye lies at negative x.
"""

from dataclasses import dataclass

from facealign.data.synthetic.chances import Chances


@dataclass(frozen=True, kw_only=True)
class Identity:
    """The shape of one person's head, in face units; the defaults are the average face."""

    width: float = 1.0
    chin: float = 1.6
    jaw_power: float = 2.6
    jaw_round: float = 1.7
    depth: float = 1.0
    eye_distance: float = 0.43
    eye_width: float = 0.205
    eye_height: float = 0.098
    eye_slant: float = 0.0
    brow_height: float = 0.27
    brow_arch: float = 0.05
    brow_slant: float = 0.0
    brow_thickness: float = 0.075
    nose_base: float = 0.68
    nose_width: float = 0.235
    nose_depth: float = 0.36
    mouth_height: float = 1.02
    mouth_width: float = 0.36
    upper_lip: float = 0.10
    lower_lip: float = 0.13


@dataclass(frozen=True, kw_only=True)
class Expression:
    """A facial expression; 0 is neutral, 1 is strong.

    ``lid_right`` and ``lid_left`` are 1 for open eyes and 0 for closed ones.
    """

    mouth_open: float = 0.0
    smile: float = 0.0
    smirk: float = 0.0
    pucker: float = 0.0
    brow_raise: float = 0.0
    frown: float = 0.0
    lid_right: float = 1.0
    lid_left: float = 1.0
    gaze_x: float = 0.0
    gaze_y: float = 0.0


def sample_identity(chances: Chances) -> Identity:
    """Sample the shape of a person's head."""
    normal = chances.normal
    return Identity(
        width=normal(1.0, 0.065),
        chin=normal(1.6, 0.11),
        jaw_power=normal(2.7, 0.4),
        jaw_round=normal(1.75, 0.18),
        depth=normal(1.0, 0.08),
        eye_distance=normal(0.43, 0.025),
        eye_width=normal(0.205, 0.016),
        eye_height=normal(0.098, 0.018),
        eye_slant=normal(0.01, 0.025),
        brow_height=normal(0.27, 0.04),
        brow_arch=normal(0.05, 0.02),
        brow_slant=normal(0.0, 0.025),
        brow_thickness=normal(0.075, 0.018),
        nose_base=normal(0.68, 0.055),
        nose_width=normal(0.235, 0.028),
        nose_depth=normal(0.36, 0.06),
        mouth_height=normal(1.02, 0.05),
        mouth_width=normal(0.36, 0.035),
        upper_lip=normal(0.10, 0.022),
        lower_lip=normal(0.13, 0.025),
    )


def sample_expression(chances: Chances) -> Expression:
    """Mostly calm, sometimes wide open, smiling, frowning or blinking."""
    uniform, happens = chances.uniform, chances.happens
    wide = happens(0.22)
    mouth_open = uniform(0.25, 1.0) if wide else max(0.0, uniform(-0.15, 0.18))
    smile = uniform(-0.4, 0.45) if happens(0.65) else uniform(0.3, 1.0)
    pucker = uniform(0.3, 1.0) * (1 - max(0.0, smile)) if happens(0.09) else 0.0
    lids = 0.05 if happens(0.04) else uniform(0.7, 1.2)
    wink = happens(0.02)
    return Expression(
        mouth_open=mouth_open,
        smile=smile,
        smirk=chances.normal(0.0, 0.15),
        pucker=pucker,
        brow_raise=chances.normal(0.1, 0.35),
        frown=max(0.0, chances.normal(0.0, 0.4)),
        lid_right=lids * uniform(0.92, 1.08),
        lid_left=0.05 if wink else lids * uniform(0.92, 1.08),
        gaze_x=chances.normal(0.0, 0.35),
        gaze_y=chances.normal(0.0, 0.2),
    )
