"""``--set key=value``: single settings changed from the command line."""

from collections.abc import Sequence
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from facealign.config import UserError


def assign(tree: dict[str, Any], assignments: Sequence[str]) -> dict[str, Any]:
    """Put ``a.b=value`` into nested mappings, in place; values are read as YAML.

    Args:
        tree: Nested mappings; missing levels are made.
        assignments: Each a dotted key, ``=`` and a value: ``network.stacks=2``, ``params={alpha: 2.1}``.

    Raises:
        UserError: An assignment is not of that form, or leads through a value that is no mapping.
    """
    for assignment in assignments:
        key, sign, text = assignment.partition("=")
        parts = key.strip().split(".")
        if not sign or not all(parts):
            raise UserError(f"--set {assignment}: write key=value, with dots between the levels of the key")
        branch = tree
        for depth, part in enumerate(parts[:-1], start=1):
            branch = branch.setdefault(part, {})
            if not isinstance(branch, dict):
                raise UserError(f"--set {assignment}: {'.'.join(parts[:depth])} is a value, not a section")
        try:
            branch[parts[-1]] = YAML(typ="safe").load(text)
        except MarkedYAMLError as error:
            raise UserError(f"--set {assignment}: the value is not YAML: {error.problem}") from None
    return tree
