"""Paths of settings as a search file may write them, and in full."""

from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator

T = TypeVar("T")
ListOf = Annotated[
    tuple[T, ...], BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value)
]
"""A list. What has been given full paths is no longer JSON, whose lists a strict tuple would accept."""

OF_THE_METHOD = ("model", "train")
"""Sections that every method has; a path that begins with one of them belongs to the method that is searched."""


def full_path(path: str, method: str) -> str:
    """``model.network.stacks`` → ``method.awing.model.network.stacks``; a full path stays."""
    return f"method.{method}.{path}" if path.split(".")[0] in OF_THE_METHOD else path


def short_path(path: str, method: str) -> str:
    """The other way."""
    return path.removeprefix(f"method.{method}.")


def full_paths(tree: Any) -> Any:
    """A search file's nested mappings with full paths; what is not as it should be stays, for others to refuse.

    Raises:
        ValueError: A path is there twice, in full and short.
    """
    if not isinstance(tree, dict) or not isinstance(method := tree.get("method"), str):
        return tree
    found = dict(tree)
    for key in ("space", "fixed"):
        if key in found:
            found[key] = _renamed(found[key], method)
    if isinstance(found.get("space"), dict):
        found["space"] = {path: _conditions(parameter, method) for path, parameter in found["space"].items()}
    if isinstance(found.get("first"), list | tuple):
        found["first"] = [_renamed(values, method) for values in found["first"]]
    return found


def _conditions(parameter: Any, method: str) -> Any:
    if isinstance(parameter, dict) and "when" in parameter:
        return {**parameter, "when": _renamed(parameter["when"], method)}
    return parameter


def _renamed(values: Any, method: str) -> Any:
    if not isinstance(values, dict):
        return values
    found = {full_path(str(path), method): value for path, value in values.items()}
    if len(found) < len(values):
        twice = next(path for path in found if path in values and short_path(path, method) in values)
        raise ValueError(f"{twice} is there twice, in full and without method.{method}; write it once")
    return found
