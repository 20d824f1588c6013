"""A card, and a network that a test can foresee: it finds the brightest spot of a crop."""

import numpy as np
import pytest

from facealign.geometry import CropSettings, load_schema
from facealign.inference import Card, FaceAligner

SIZE = 64


def brightest(crops):
    """(B, 3, S, S) → (B, 68, 2): every landmark at the center of the crop's light, to a fraction of a pixel."""
    light = crops.astype(np.float64).sum(axis=1)
    total = light.sum(axis=(1, 2))
    x = (light.sum(axis=1) * np.arange(crops.shape[3])).sum(axis=1) / total
    y = (light.sum(axis=2) * np.arange(crops.shape[2])).sum(axis=1) / total
    return np.repeat(np.stack([x, y], axis=1)[:, None], 68, axis=1).astype(np.float32)


@pytest.fixture
def card():
    return Card(
        method="brightest",
        landmarks=load_schema("ibug68"),
        crop=CropSettings(size=SIZE),
        data_digest="d" * 64,
        config_hash="c" * 64,
        parameters=0,
    )


@pytest.fixture
def aligner(card):
    return FaceAligner(card, brightest, find=lambda image: np.empty((0, 4)), batch_size=2)


@pytest.fixture
def spot():
    """A dark image of 90 × 70 px with a light spot of 3 × 3 px about (52, 23)."""
    image = np.zeros((70, 90, 3), dtype=np.uint8)
    image[22:25, 51:54] = 255
    return image
