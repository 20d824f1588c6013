"""The cache folder of this machine: downloaded shards and digests of files. It is always safe to delete."""

import os
from pathlib import Path

CACHE_VARIABLE = "FACEALIGN_CACHE"


def cache_folder() -> Path:
    """``FACEALIGN_CACHE``, else the user's cache."""
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "facealign"
