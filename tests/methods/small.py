"""Every registered method at a size that a test can afford: what is registered is tested."""

from functools import cache
from typing import Any

import numpy as np

from facealign.data.statistics import Statistics
from facealign.geometry import LandmarkSchema, load_schema
from facealign.methods import METHODS, Method

IMAGE_SIZE = 64

SMALL: dict[str, dict[str, Any]] = {
    "adnet": {"network": {"stacks": 2, "width": 16}},
    "anisotropic": {"backbone": {"name": "resnet18", "width": 16}},
    "awing": {"network": {"stacks": 2, "width": 16}},
    "scc": {"network": {"backbone": {"name": "resnet18", "width": 16}, "graph": {"blocks": 1, "width": 16}}},
    "subpixel": {"network": {"stacks": 2, "width": 16}},
}
"""Settings by method; what they leave out has its default."""


def small_method(name: str, schema: LandmarkSchema | None = None, **changes: Any) -> Method:
    """A method at test size, with some of its top-level settings changed, and statistics where it needs some."""
    kind = METHODS[name]
    config = kind.Config.model_validate({**SMALL[name], **changes})
    schema = schema or load_schema("ibug68")
    method = kind(config, schema, IMAGE_SIZE)
    if method.needs_statistics:
        method.use_statistics(small_statistics(schema.name))
    return method


@cache
def small_statistics(schema: str) -> Statistics:
    """Of 40 shapes, each a blot of its own turned a little."""
    landmarks = load_schema(schema)
    generator = np.random.default_rng(5)
    shapes = 32 + generator.normal(scale=(12, 14), size=(landmarks.size, 2))
    faces = shapes + generator.normal(scale=2.0, size=(40, 1, 2)) + generator.normal(size=(40, landmarks.size, 2))
    chunk = faces.astype(np.float32), np.ones((40, landmarks.size), dtype=np.bool_)
    return Statistics.of(lambda: [chunk], landmarks)
