"""A YAML file → one typed, frozen settings object, or one report of everything that is wrong with it."""

import difflib
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, get_args

from pydantic import BaseModel, RootModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError

from facealign.config.errors import ConfigError
from facealign.config.renamed import renamed
from facealign.config.settings import Settings

S = TypeVar("S", bound=Settings)

_NUMBER = re.compile(r"([-+]?\d+)(\.\d*)?([eE][-+]?\d+)?")


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
        return typed(tree, root)
    except ValidationError as error:
        raise report(tree, path, broken_rules(error, root)) from None


def typed(tree: dict[str, Any], root: type[S]) -> S:
    """Nested mappings as one settings object.

    Raises:
        ValidationError: A rule is broken; ``broken_rules`` says which.
    """
    # Through JSON: strict types, yet a YAML list is a tuple and `1` is a float where a float is asked for.
    return root.model_validate_json(json.dumps(tree, default=str), strict=True)


class ConfigProblem(NamedTuple):
    """A broken rule.

    Attributes:
        location: Keys and list positions from the top of the file down to what is wrong.
        rule: What is asked for, what was found, and the remedy.
    """

    location: tuple[str | int, ...]
    rule: str

    @property
    def key(self) -> str:
        """The location as a dotted key."""
        return ".".join(map(str, self.location)) or "(whole file)"


def broken_rules(error: ValidationError, root: type[Settings]) -> list[ConfigProblem]:
    """Translate pydantic's errors on settings of the type ``root`` into this project's messages."""
    return [ConfigProblem(tuple(detail["loc"]), _rule(detail, root)) for detail in error.errors()]


def report(tree: dict[str, Any], path: Path, problems: Iterable[ConfigProblem]) -> ConfigError:
    """Make one error that names every problem with file, line and dotted key, in the order of the lines."""
    found = sorted((_line_of(tree, problem.location), problem.key, problem.rule) for problem in problems)
    count = f"{len(found)} error{'s' if len(found) > 1 else ''}"
    return ConfigError(
        "\n".join([f"{path}: {count}", *(f"  {path}:{n}: {key}: {rule}" for n, key, rule in found)])
    )


def _rule(detail: Any, root: type[Settings]) -> str:
    rule: str = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "extra_forbidden":
        key = str(detail["loc"][-1])
        known = _keys_beside(root, detail["loc"])
        if new := renamed(key, known):
            return f"was renamed to {new}; write {new} instead"
        nearest = difflib.get_close_matches(key, known, n=1)
        return (
            f"unknown key; did you mean {nearest[0]}?"
            if nearest
            else "unknown key; remove it or correct its spelling"
        )
    if detail["type"] == "missing":
        return "a value is required here"
    if detail["type"] == "union_tag_invalid":
        return f"unknown name {detail['ctx']['tag']!r}; known are: {detail['ctx']['expected_tags']}"
    if isinstance(detail["input"], dict | list):
        return rule
    rule = f"{rule} (found {detail['input']!r})"
    if isinstance(detail["input"], str) and detail["type"] in ("float_type", "int_type"):
        rule += f"; write {number}, without quotes" if (number := plain_number(detail["input"])) else ""
    return rule


def plain_number(text: str) -> str | None:
    """A number as every YAML reads it, ``1.0e-5`` for ``1e-5``; None for a text that is no number."""
    if not (found := _NUMBER.fullmatch(text)):
        return None
    whole, fraction, exponent = found.groups()
    return f"{whole}{fraction or '.0'}{exponent}" if exponent else text


def _keys_beside(root: type[BaseModel], location: tuple[str | int, ...]) -> list[str]:
    """The keys known where the last part of ``location`` stands."""
    kinds: list[type[BaseModel]] = [root]
    for part in location[:-1]:
        inner = [kind.model_fields[part].annotation for kind in kinds if part in kind.model_fields]
        # A part that is no field is a union's tag, or a key or position that does not describe the type.
        kinds = [model for annotation in inner for model in _models_in(annotation)] if inner else kinds
    return [field.alias or name for kind in kinds for name, field in kind.model_fields.items()]


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, RootModel):
        yield from _models_in(annotation.model_fields["root"].annotation)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


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
