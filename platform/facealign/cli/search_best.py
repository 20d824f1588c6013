"""``best.yaml``: the params file with a winner's values in it, its comments kept."""

import io
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from facealign.cli.assignments import assign, put
from facealign.cli.params import Params
from facealign.config import check_settings, read_yaml


def write_best(path: Path, params: Path, changes: list[str], values: dict[str, Any], says: list[str]) -> None:
    """Write a params file that ``facealign train``, ``facealign apply`` and ``dvc repro`` take as it is.

    Args:
        path: To write.
        params: The file that the search started from.
        changes: ``key=value`` that went before what it says.
        values: By dotted path.
        says: Lines for its head.

    Raises:
        ConfigError: The result breaks a rule.
    """
    tree = read_yaml(params)
    put(assign(tree, changes), values)
    check_settings(tree, path, Params)
    text = io.StringIO()
    YAML(typ="rt").dump(tree, text)
    path.parent.mkdir(parents=True, exist_ok=True)
    head = "".join(f"# {line}\n" for line in says)
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(f"{head}\n{text.getvalue()}", encoding="utf-8")
    fresh.replace(path)
