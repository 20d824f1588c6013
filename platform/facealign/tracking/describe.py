"""Parameters and tags that the driver records before a run starts."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from facealign.tracking.base import Tracker
from facealign.tracking.flatten import flatten

CONFIG_FILE = "config.json"
PATCH_FILE = "uncommitted.patch"


def describe_run(
    tracker: Tracker,
    settings: Mapping[str, Any],
    tags: Mapping[str, str],
    params: Mapping[str, Any] | None = None,
    patch: str = "",
) -> None:
    """Put settings, as params and whole as the artifact ``config.json``, and tags into the run.

    A run that is continued keeps the params it has: MLflow changes none. ``config.json`` and the tags are those of
    the last start.

    Args:
        tracker: Of the run.
        settings: Nested, of plain values.
        tags: Labels.
        params: Those of the settings that the run lists; None: all.
        patch: What the code differs in from its commit, kept as ``uncommitted.patch``; empty: in nothing.
    """
    tracker.params(flatten(settings if params is None else params))
    tracker.tags(tags)
    with tempfile.TemporaryDirectory() as folder:
        files = {CONFIG_FILE: json.dumps(settings, indent=2, ensure_ascii=False)} | (
            {PATCH_FILE: patch} if patch else {}
        )
        for name, text in files.items():
            file = Path(folder) / name
            file.write_bytes(text.encode(errors="surrogateescape"))
            tracker.artifact(file)
