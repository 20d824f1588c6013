"""Single settings changed: ``--set key=value`` on the command line, and values by dotted path."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from facealign.config import UserError


def assign(tree: dict[str, Any], assignments: Sequence[str]) -> dict[str, Any]:
    """Put ``a.b=value`` into nested mappings, in place and in turn; values are read as YAML.

    Args:
        tree: Nested mappings; missing levels are made.
        assignments: Each a dotted key, ``=`` and a value: ``network.stacks=2``, ``params={alpha: 2.1}``.

    Raises:
        UserError: An assignment is not of that form, or leads through a value that is no mapping.
    """
    for assignment in assignments:
        key, sign, text = assignment.partition("=")
        if not sign or not all(key.strip().split(".")):
            raise UserError(f"--set {assignment}: write key=value, with dots between the levels of the key")
        try:
            value = YAML(typ="safe").load(text)
        except MarkedYAMLError as error:
            raise UserError(f"--set {assignment}: the value is not YAML: {error.problem}") from None
        try:
            put(tree, {key.strip(): value})
        except UserError as error:
            raise UserError(f"--set {assignment}: {error}") from None
    return tree


def put(tree: dict[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Put values by dotted path into nested mappings, in place, a path inside another one after it.

    Args:
        tree: Nested mappings; missing levels are made.
        values: Path → plain value.

    Raises:
        UserError: A path leads through a value that is no mapping.
    """
    for path in sorted(values, key=lambda path: path.count(".")):
        *sections, last = path.split(".")
        branch = tree
        for depth, part in enumerate(sections, start=1):
            branch = branch.setdefault(part, {})
            if not isinstance(branch, dict):
                raise UserError(f"{'.'.join(sections[:depth])} is a value, not a section")
        branch[last] = copy.deepcopy(values[path])  # what is put inside it later is not the caller's
    return tree
