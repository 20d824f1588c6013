"""WFLW's six attributes, each true exactly when the parameter it speaks of passes a threshold."""

import numpy as np
from numpy.typing import NDArray

from facealign.data.synthetic.appearance import Appearance, Light
from facealign.data.synthetic.person import Expression
from facealign.data.synthetic.photometry import Camera
from facealign.data.synthetic.projection import Pose

YAW = 28.0
PITCH = 14.0
ROLL = 18.0
"""Degrees beyond which a pose is a large one."""
MOUTH_OPEN = 0.6
SMILE = 0.9
PUCKER = 0.7
CLOSED_LID = 0.2
"""Beyond (for the lid: below) which an expression is an exaggerated one."""
AMBIENT = 0.32
EXPOSURE = (0.6, 1.4)
"""Illumination is hard where less than this share of the light is ambient, or exposure is outside this."""
HIDDEN_SHARE = 0.06
"""Share of the 98 landmarks that something before the face must hide to call it occluded."""
BLUR = 0.04
MOTION = 0.12
"""Face units of blur (standard deviation) and of motion (length) from which an image is a blurred one."""


def describe(
    pose: Pose,
    expression: Expression,
    appearance: Appearance,
    light: Light,
    camera: Camera,
    covered: NDArray[np.bool_],
) -> dict[str, bool]:
    """The attributes, in WFLW's order.

    Args:
        pose: Angles of the head.
        expression: What the face does.
        appearance: Its colors.
        light: The lamp.
        camera: The camera.
        covered: (98,) landmarks of ``wflw98`` that an occluder hides; what the face hides itself does not count.
    """
    lids = min(expression.lid_right, expression.lid_left)
    return {
        "pose": abs(pose.yaw) > YAW or abs(pose.pitch) > PITCH or abs(pose.roll) > ROLL,
        "expression": expression.mouth_open > MOUTH_OPEN
        or expression.smile > SMILE
        or expression.pucker > PUCKER
        or lids < CLOSED_LID,
        "illumination": light.ambient < AMBIENT or not EXPOSURE[0] <= light.exposure <= EXPOSURE[1],
        "make-up": appearance.make_up,
        "occlusion": float(covered.mean()) >= HIDDEN_SHARE,
        "blur": camera.blur >= BLUR or camera.motion >= MOTION,
    }
