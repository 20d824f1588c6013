"""A YAML file → one typed, frozen settings object, or one report of everything that is wrong with it."""

import json
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError

from facealign.config.errors import ConfigError
from facealign.config.settings import Settings

S = TypeVar("S", bound=Settings)


def read_yaml(path: Path) -> CommentedMap:
    """The file as nested mappings that remember their line numbers, read as YAML 1.2 (as DVC reads it).

    Raises:
        ConfigError: There is no such file, it is not YAML, or its top is not a mapping.
    """
    try:
        tree = YAML(typ="rt").load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; run from the folder that holds it, or name another") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text ({error.reason} at byte {error.start})") from None
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"{path}:{line}: not YAML: {error.problem}") from None
    if not isinstance(tree, CommentedMap):
        raise ConfigError(f"{path}:1: the top of a settings file is a mapping of `key: value` lines")
    return tree


def load_settings(path: Path, root: type[S]) -> S:
    """Read ``path`` and check it against ``root``.

    Raises:
        ConfigError: Names every broken rule with file, line, dotted key, the value seen and what is asked for.
    """
    return check_settings(read_yaml(path), path, root)


def check_settings(tree: dict[str, Any], path: Path, root: type[S]) -> S:
    """Check what ``read_yaml`` read from ``path``, changed or not, against ``root``.

    Raises:
        ConfigError: As ``load_settings`` does.
    """
    try:
        # Through JSON: strict types, yet a YAML list is a tuple and `1` is a float where a float is asked for.
        return root.model_validate_json(json.dumps(tree, default=str), strict=True)
    except ValidationError as error:
        lines = [_describe(path, tree, detail) for detail in error.errors()]
        count = f"{len(lines)} error{'s' if len(lines) > 1 else ''}"
        raise ConfigError("\n".join([f"{path}: {count}", *sorted(lines, key=_line_number)])) from None


def _describe(path: Path, tree: dict[str, Any], detail: Any) -> str:
    location = tuple(detail["loc"])
    key = ".".join(str(part) for part in location) or "(whole file)"
    line = _line_of(tree, location)
    rule = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "extra_forbidden":
        rule = "unknown key; remove it or mend its spelling"
    elif detail["type"] == "missing":
        rule = "a value is required here"
    elif not isinstance(detail["input"], dict | list):
        rule = f"{rule} (found {detail['input']!r})"
    return f"  {path}:{line}: {key}: {rule}"


def _line_number(message: str) -> int:
    return int(message.split(": ", 1)[0].rsplit(":", 1)[1])


def _line_of(tree: Any, location: tuple[Any, ...]) -> int:
    """1-based line of the deepest part of ``location`` that the file holds."""
    line = 1
    for part in location:
        if isinstance(tree, CommentedMap) and part in tree:
            # What was put in after reading has no line of its own; its section's will do.
            own = (tree.lc.data or {}).get(part)
            line = line if own is None else own[0] + 1
        elif isinstance(tree, CommentedSeq) and isinstance(part, int) and part < len(tree):
            line = tree.lc.item(part)[0] + 1
        else:
            break
        tree = tree[part]
    return line
