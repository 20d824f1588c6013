"""What the driver says about a run before it starts: its settings and its labels."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from facealign.tracking.base import Tracker
from facealign.tracking.flatten import flatten

CONFIG_FILE = "config.json"


def describe_run(
    tracker: Tracker, settings: Mapping[str, Any], tags: Mapping[str, str], params: Mapping[str, Any] | None = None
) -> None:
    """Put settings, as params and whole as the artifact ``config.json``, and tags into the run.

    A run that is continued keeps the params it has: MLflow changes none. ``config.json`` and the tags are those of
    the last start.

    Args:
        tracker: Of the run.
        settings: Nested, of plain values.
        tags: Labels.
        params: Those of the settings that the run lists; None: all.
    """
    tracker.params(flatten(settings if params is None else params))
    tracker.tags(tags)
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / CONFIG_FILE
        whole.write_text(json.dumps(settings, indent=2, ensure_ascii=False), encoding="utf-8")
        tracker.artifact(whole)
