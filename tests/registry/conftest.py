"""The store and the server of the tracking tests, and a method small enough to train by hand."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from torch import nn

from facealign.config import Settings
from facealign.data.dataset import FaceDataset
from facealign.data.loader import eval_batches
from facealign.data.shards.reader import ShardReader
from facealign.evaluation.face_predictions import FacePredictions
from facealign.geometry import CropSettings, load_schema
from facealign.inference import Card
from facealign.methods.base import LossTerms, Method
from facealign.registry import GateLimits, Measuring
from facealign.training import predict
from tracking.conftest import _no_address_from_outside, server, store  # noqa: F401 - fixtures

SIDE = 32


@dataclass
class _Outputs:
    coordinates: torch.Tensor


class TinyMethod(Method):
    """Landmarks by one convolution, with the batch normalization that training and use treat differently."""

    class Config(Settings):
        width: int = 4

    def __init__(self, config, schema, image_size):
        super().__init__(config, schema, image_size)
        self.convolution = nn.Conv2d(3, config.width, 3, stride=2)
        self.normalization = nn.BatchNorm2d(config.width)
        self.head = nn.Linear(config.width, 2 * schema.size)

    def forward(self, images):
        features = self.normalization(self.convolution(images.float() / 255)).relu().mean((2, 3))
        return _Outputs(self.head(features))

    def loss(self, outputs, batch):
        total = (self.decode(outputs) - batch.points).abs().mean()
        return LossTerms(total, {"l1": total})

    def decode(self, outputs):
        return outputs.coordinates.unflatten(1, (self.schema.size, 2)) * self.image_size


@pytest.fixture(scope="session")
def method():
    torch.manual_seed(0)
    return TinyMethod(TinyMethod.Config(), load_schema("ibug68"), SIDE)


@pytest.fixture(scope="session")
def crops():
    """(4, 3, S, S) uint8."""
    return np.random.default_rng(0).integers(0, 256, (4, 3, SIDE, SIDE), dtype=np.uint8)


SIX = GateLimits(min_photos=6, repeats=500)
"""For the six test faces of ``tiny_shards``."""


@pytest.fixture(scope="session")
def measuring(tiny_shards):
    return Measuring(tiny_shards, "inter_ocular", 0.10)


@pytest.fixture(scope="session")
def found(tiny_shards, method):
    """Six faces as a model finds them: landmarks off by a fixed noise of 2 px of the photo, times ``factor``."""
    reader = ShardReader(tiny_shards, "test")
    plain = predict(method, eval_batches(FaceDataset(reader), batch_size=6), torch.device("cpu"))
    noise = np.random.default_rng(0).normal(size=plain.truth.shape)

    def with_errors(factor):
        moved = replace(plain, predicted=plain.truth + 2 * factor * noise)
        return FacePredictions(moved, tuple(reader.labels()), reader.index.landmarks, reader.index.digest)

    return with_errors


@pytest.fixture(scope="session")
def card(method):
    parameters = sum(parameter.numel() for parameter in method.parameters())
    return Card(
        method="tiny",
        landmarks=method.schema,
        crop=CropSettings(size=SIDE),
        data_digest="d" * 64,
        config_hash="c" * 64,
        parameters=parameters,
    )
