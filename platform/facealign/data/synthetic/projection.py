"""Maps face units to pixels of the image: rotation, weak perspective, and which part of the head is seen."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facealign.data.synthetic.chances import Chances
from facealign.data.synthetic.surface import HeadSurface

Array = NDArray[np.float64]

# Steps along the line of sight, face units, at which a nearer piece of the face is looked for.
_SIGHT = np.linspace(0.06, 0.7, 8)
_SIGHT_MARGIN = 0.012


@dataclass(frozen=True, kw_only=True)
class Pose:
    """Angles of the head in degrees.

    Positive yaw turns the nose to the image's right, positive pitch turns it down, positive roll turns the face
    clockwise as seen.
    """

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Projection:
    """Weak perspective: ``pixel = center + scale · (rotation · p)``, dropping depth.

    Attributes:
        rotation: (3, 3).
        scale: Pixels for one face unit.
        center: (2,) pixel of the point between the eyes.
    """

    rotation: Array
    scale: float
    center: Array

    def project(self, points: Array) -> Array:
        """Points (…, 3) in face units → (…, 2) pixels."""
        return np.asarray(points @ (self.scale * self.rotation[:2].T) + self.center)

    @property
    def sight(self) -> Array:
        """(3,) unit vector from the face towards the viewer, in the face's own frame."""
        return np.asarray(self.rotation[2])


def sample_pose(chances: Chances) -> Pose:
    """Five faces of six look roughly ahead; the rest are spread over ±60° of yaw."""
    turned = chances.happens(0.14)
    return Pose(
        yaw=chances.uniform(-60, 60) if turned else chances.normal(0, 13),
        pitch=chances.normal(0, 8),
        roll=chances.uniform(-30, 30) if chances.happens(0.08) else chances.normal(0, 5),
    )


def rotation_of(pose: Pose) -> Array:
    """Pitch first, then yaw, then roll: (3, 3), x right, y down, z towards the viewer."""
    yaw, pitch, roll = (math.radians(angle) for angle in (pose.yaw, pose.pitch, pose.roll))
    about_x = np.array([[1, 0, 0], [0, math.cos(pitch), math.sin(pitch)], [0, -math.sin(pitch), math.cos(pitch)]])
    about_y = np.array([[math.cos(yaw), 0, math.sin(yaw)], [0, 1, 0], [-math.sin(yaw), 0, math.cos(yaw)]])
    about_z = np.array([[math.cos(roll), -math.sin(roll), 0], [math.sin(roll), math.cos(roll), 0], [0, 0, 1]])
    return np.asarray(about_z @ about_y @ about_x)


def hidden_by_head(surface: HeadSurface, points: Array, sight: Array) -> NDArray[np.bool_]:
    """Which points (N, 3) of the face the face itself hides from the viewer, (N,)."""
    ahead = points[:, None, :] + _SIGHT[:, None] * sight  # (N, steps, 3)
    x, y, z = ahead[..., 0], ahead[..., 1], ahead[..., 2]
    inside = np.abs(x) < surface.half_width(y)
    return np.asarray((inside & (surface.depth(x, y) > z + _SIGHT_MARGIN)).any(axis=1))
