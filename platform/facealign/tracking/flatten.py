"""Nested settings as the flat names that a tracker lists."""

import json
from collections.abc import Mapping
from typing import Any

Scalar = str | int | float | bool | None


def flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Scalar]:
    """``{"train": {"lr": 1e-4}}`` → ``{"train.lr": 1e-4}``; lists become their JSON."""
    flat: dict[str, Scalar] = {}
    for key, value in tree.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            flat.update(flatten(value, f"{name}."))
        elif value is None or isinstance(value, str | int | float | bool):
            flat[name] = value
        else:
            flat[name] = json.dumps(value, ensure_ascii=False, default=str)
    return flat
