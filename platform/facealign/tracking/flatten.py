"""Nested settings as the flat names and short values that a tracker lists."""

import json
from collections.abc import Mapping
from typing import Any

Scalar = str | int | float | bool | None

_LONGEST_PARAM = 6000  # MLflow's own limits, in characters
_LONGEST_TAG = 8000
_CUT = "… (cut)"


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


def cut_param(text: str) -> str:
    """The value as long as MLflow takes one, with a mark where it was cut."""
    return _cut(text, _LONGEST_PARAM)


def cut_tag(text: str) -> str:
    """Shorten a tag to what MLflow stores."""
    return _cut(text, _LONGEST_TAG)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - len(_CUT)] + _CUT
