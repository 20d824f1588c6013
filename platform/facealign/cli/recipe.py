"""Recipes: the settings in which one setup differs from params.yaml."""

from collections.abc import Iterator
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from facealign.cli.params import load_params
from facealign.config import ConfigError, read_yaml


def apply_recipe(recipe: Path, params: Path) -> list[str]:
    """Write a recipe's settings into a params file; returns what changed, ``key: before → now``.

    Raises:
        ConfigError: Either file is not YAML, or the result breaks a rule; then the params file stays as it was.
    """
    tree = read_yaml(params)
    changes = list(overlay(tree, read_yaml(recipe)))
    candidate = params.with_name(f".{params.name}.new")
    YAML(typ="rt").dump(tree, candidate)
    try:
        load_params(candidate)
    except ConfigError as error:
        candidate.unlink()
        raise ConfigError(f"{recipe}: does not fit {params}\n{error}") from None
    candidate.replace(params)
    return changes


def overlay(tree: CommentedMap, recipe: CommentedMap, prefix: str = "") -> Iterator[str]:
    """Put a recipe's settings into a tree, in place; what changes, ``key: before → now``, as it is done."""
    for key, value in recipe.items():
        if isinstance(value, CommentedMap) and isinstance(tree.get(key), CommentedMap):
            yield from overlay(tree[key], value, f"{prefix}{key}.")
        elif tree.get(key) != value:
            yield f"{prefix}{key}: {tree.get(key)!s} → {value!s}"
            tree[key] = value
