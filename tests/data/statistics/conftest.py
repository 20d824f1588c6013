"""Shapes whose pose is known."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from facealign.data.statistics import Chunks
from facealign.geometry import LandmarkSchema

Shapes = tuple[NDArray[np.float32], NDArray[np.bool_]]

MASK = np.array(
    [
        # x to the right, y down, z towards the viewer: contour, eyes, nose, mouth.
        (-1.0, 0.0, -0.6),
        (1.0, 0.0, -0.6),
        (-0.8, 0.7, -0.4),
        (0.8, 0.7, -0.4),
        (0.0, 1.2, 0.1),
        (-0.6, -0.3, 0.3),
        (-0.2, -0.3, 0.4),
        (0.2, -0.3, 0.4),
        (0.6, -0.3, 0.3),
        (0.0, -0.3, 0.6),
        (0.0, 0.2, 0.9),
        (-0.4, 0.6, 0.4),
        (0.4, 0.6, 0.4),
        (0.0, 0.55, 0.6),
    ]
)
SCHEMA = LandmarkSchema(name="mask", size=14, flip=(1, 0, 3, 2, 4, 8, 7, 6, 5, 9, 10, 12, 11, 13))


@pytest.fixture
def turned() -> Callable[..., Shapes]:
    """Masks turned by ``yaws_R`` degrees (the nose goes right), anywhere in a crop, of any size and roll."""

    def make(yaws_R: NDArray[np.float64], seed: int = 0, jitter: float = 0.5) -> Shapes:
        rng = np.random.default_rng(seed)
        yaw_R1 = np.radians(yaws_R)[:, None]
        x_RN = MASK[:, 0] * np.cos(yaw_R1) + MASK[:, 2] * np.sin(yaw_R1)
        shapes_RN = (x_RN + 1j * MASK[:, 1]) * np.exp(1j * rng.normal(0, 0.2, yaw_R1.shape))
        place_R1 = rng.uniform(100, 150, yaw_R1.shape) + 1j * rng.uniform(100, 150, yaw_R1.shape)
        shapes_RN = shapes_RN * rng.uniform(50, 70, yaw_R1.shape) + place_R1
        points_RN2 = np.stack([shapes_RN.real, shapes_RN.imag], axis=-1)
        points_RN2 += rng.normal(0, jitter, points_RN2.shape)
        return points_RN2.astype(np.float32), np.ones(shapes_RN.shape, dtype=np.bool_)

    return make


@pytest.fixture
def in_chunks() -> Callable[..., Chunks]:
    """The shapes in chunks of ``size`` rows."""

    def cut(shapes: Shapes, size: int = 1000) -> Chunks:
        points, valid = shapes
        starts = range(0, len(points), size)
        return lambda: ((points[i : i + size], valid[i : i + size]) for i in starts)

    return cut


@pytest.fixture
def schema() -> LandmarkSchema:
    """Of the masks."""
    return SCHEMA
