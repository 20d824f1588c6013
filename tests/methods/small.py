"""Every registered method at a size that a test can afford: what is registered is tested."""

from typing import Any

from facealign.geometry import LandmarkSchema, load_schema
from facealign.methods import METHODS, Method

IMAGE_SIZE = 64

SMALL: dict[str, dict[str, Any]] = {
    "awing": {"network": {"stacks": 2, "width": 16}},
    "subpixel": {"network": {"stacks": 2, "width": 16}},
}
"""Settings by method; what they leave out has its default."""


def small_method(name: str, schema: LandmarkSchema | None = None, **changes: Any) -> Method:
    """A method at test size, with some of its top-level settings changed."""
    method = METHODS[name]
    config = method.Config.model_validate({**SMALL[name], **changes})
    return method(config, schema or load_schema("ibug68"), IMAGE_SIZE)
