"""A search file read and checked: every broken rule at once, with its line."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from facealign.config import ConfigProblem, read_yaml
from facealign.config.load import broken_rules, plain_number, report, typed
from facealign.search.file import Baseline, SearchFile
from facealign.search.space import TAGS, full_paths, short_path
from facealign.search.validation import find_problems


def load_search(path: Path, baseline: Baseline) -> SearchFile:
    """Read a search file and check all of it, against the settings that it changes too.

    Raises:
        ConfigError: Everything that is wrong with it, with lines.
    """
    tree = read_yaml(path)
    problems = list(_short_floats(YAML().compose(path.read_text(encoding="utf-8"))))
    file: SearchFile | None
    try:
        file = typed(tree, SearchFile)
    except ValidationError as error:
        broken = broken_rules(error, SearchFile)
        problems += broken
        file = _rest(tree, broken)
    if file is not None:
        problems += find_problems(file, baseline)
    if problems:
        raise report(tree, path, [_as_written(tree, problem) for problem in dict.fromkeys(problems)])
    assert file is not None, "what has no problem is a search file"
    return file


def _short_floats(node: Node, location: tuple[str | int, ...] = ()) -> Iterator[ConfigProblem]:
    """Numbers such as 1e-5, which YAML 1.1 reads as text."""
    if isinstance(node, MappingNode):
        for key, value in node.value:
            yield from _short_floats(value, (*location, key.value))
    elif isinstance(node, SequenceNode):
        for position, value in enumerate(node.value):
            yield from _short_floats(value, (*location, position))
    elif (
        isinstance(node, ScalarNode) and node.style is None and plain_number(node.value) not in (None, node.value)
    ):
        rule = f"{node.value} is text for some readers of YAML; write {plain_number(node.value)}"
        yield ConfigProblem(location, rule)


def _rest(tree: dict[str, Any], broken: list[ConfigProblem]) -> SearchFile | None:
    """Return the file without its broken parts and what depends on them; None where too little is left."""
    if any(problem.location in ((), ("method",), ("space",)) for problem in broken):
        return None
    rest = full_paths(json.loads(json.dumps(tree, default=str)))
    wrong = {str(problem.location[1]) for problem in broken if problem.location[0] == "space"}
    for problem in broken:
        if problem.location[0] != "space":
            rest.pop(problem.location[0], None)
    rest["space"] = {path: parameter for path, parameter in rest["space"].items() if path not in wrong}
    while dependent := {path for path, one in rest["space"].items() if wrong & set(one.get("when", ()))} - wrong:
        wrong |= dependent
    if not rest["space"]:
        return None
    return typed({"name": "unnamed", **_without(rest, wrong)}, SearchFile)


def _without(tree: Any, keys: set[str]) -> Any:
    if isinstance(tree, dict):
        return {key: _without(value, keys) for key, value in tree.items() if key not in keys}
    return [_without(value, keys) for value in tree] if isinstance(tree, list) else tree


def _as_written(tree: Any, problem: ConfigProblem) -> ConfigProblem:
    """The problem where the file has it: paths as they are written there, and without the tags of unions."""
    method = str(tree.get("method"))
    tags = {
        *TAGS,
        *(str(tree[key].get("name")) for key in ("sampler", "pruner") if isinstance(tree.get(key), dict)),
    }
    location: list[str | int] = []
    for part in problem.location:
        if isinstance(tree, dict) and part not in tree:
            if part in tags:
                continue
            short = short_path(str(part), method)
            part = short if short in tree else part
        location.append(part)
        try:
            tree = tree[part]
        except (KeyError, IndexError, TypeError):
            tree = None
    return ConfigProblem(tuple(location), problem.rule)
