"""The head as one smooth surface z(x, y) over the frontal plane, in face units."""

import numpy as np
from numpy.typing import NDArray

from facealign.data.synthetic.person import Expression, Identity

Array = NDArray[np.float64]

CROWN = -1.45
"""y of the top of the skull."""
_JAW_DROP = 0.34
"""How far a fully opened mouth moves the chin down."""

# The profile seen from the side: heights (y, of a face whose chin is at 1.6) and depths z on the midline.
_PROFILE_Y = np.array([-1.45, -1.2, -0.95, -0.6, -0.3, -0.02, 0.3, 0.68, 0.95, 1.2, 1.42, 1.6])
_PROFILE_Z = np.array([-0.1, 0.42, 0.66, 0.85, 0.93, 0.86, 0.90, 0.94, 0.97, 0.88, 0.90, 0.62])


class HeadSurface:
    """z(x, y) of one person with one expression.

    Attributes:
        chin: y of the chin with this expression, face units.
    """

    def __init__(self, identity: Identity, expression: Expression) -> None:
        self._identity = identity
        self._nose_y, self._nose_z, self._nose_x = _nose_profile(identity)
        self.chin = identity.chin + _JAW_DROP * expression.mouth_open

    def half_width(self, y: Array) -> Array:
        """Half the width of the frontal silhouette at height ``y``: a half ellipse above, a jaw curve below."""
        person = self._identity
        lower = y > 0
        share = np.minimum(y / np.where(lower, self.chin, CROWN), 1)
        power = np.where(lower, person.jaw_power, 2.6)
        root = np.where(lower, 1 / person.jaw_round, 0.5)
        return np.asarray(person.width * (1 - share**power) ** root)

    def skull(self, sine: Array, y: Array) -> Array:
        """Depth of the head without its features.

        Args:
            sine: Place on the parallel of height ``y``: −1 and 1 at the silhouette, 0 on the midline.
            y: Height.
        """
        depth = self._identity.depth
        below = np.maximum(y, 0)  # what lies below the eyes stretches with the jaw
        middle = depth * np.interp(y + below * (1.6 / self.chin - 1), _PROFILE_Y, _PROFILE_Z)
        rim = depth * (-0.12 + 0.74 * np.minimum(below / self.chin, 1) ** 2.4)
        return np.asarray(rim + (middle - rim) * np.sqrt(1 - sine * sine))

    def depth(self, x: Array, y: Array) -> Array:
        """Depth of the face at (x, y): skull, nose, brow ridge, eye sockets, lips."""
        half = np.maximum(self.half_width(y), 1e-6)
        return self.skull(np.minimum(np.maximum(x / half, -1), 1), y) + self.features(x, y)

    def features(self, x: Array, y: Array) -> Array:
        """Depth that nose, eye sockets, brow ridge, cheekbones and lips add to the skull."""
        person = self._identity
        height = np.interp(y, self._nose_y, self._nose_z)
        across = x / np.interp(y, self._nose_y, self._nose_x)
        side = np.abs(x) - person.eye_distance
        socket = -0.11 * np.exp(-((side / 0.26) ** 2) - (y / 0.17) ** 2)
        ridge = 0.05 * np.exp(-((side / 0.4) ** 2) - ((y + person.brow_height) / 0.1) ** 2)
        cheek = 0.06 * np.exp(-(((side - 0.08) / 0.2) ** 2) - ((y - 0.48) / 0.2) ** 2)
        lips = 0.06 * np.exp(-((x / person.mouth_width) ** 2) - ((y - person.mouth_height) / 0.13) ** 2)
        return np.asarray(height * np.exp(-across * across) + socket + ridge + cheek + lips)


def _nose_profile(person: Identity) -> tuple[Array, Array, Array]:
    """Heights y, ridge heights z and half-widths x of the nose, from its root to below its base."""
    base, depth, width = person.nose_base, person.nose_depth, person.nose_width
    y = np.array([-0.22, -0.02, 0.45 * base, base - 0.2, base - 0.11, base - 0.05, base + 0.01, base + 0.1])
    z = depth * np.array([0.0, 0.12, 0.55, 0.95, 1.0, 0.86, 0.28, 0.0])
    x = width * np.array([0.5, 0.42, 0.52, 0.72, 0.9, 1.0, 1.0, 0.9])
    return y, z, x
