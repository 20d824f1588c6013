"""Keys that decide whether prepared files are reused: ``FILE.keys`` beside each shard and the statistics.

They change with the source text of the program and the versions of libraries, so they are no part of the data: the
index and its digest do not name them. A file whose keys are missing, unreadable or of another format is prepared
again, to the same bytes.
"""

import json
from typing import Any

from pydantic import ValidationError

from facealign.config import Settings
from facealign.data.shards.writer import KEYS_SUFFIX
from facealign.storage.store import Store


class ShardKeys(Settings):
    """Cache keys of a shard.

    Attributes:
        inputs: Digest of all that decided the shard's bytes: its samples, settings, code and libraries.
        rows: The same of each row, in row order: 16 hexadecimal digits.
    """

    inputs: str
    rows: list[str]


class StatisticsKeys(Settings):
    """Cache key of the statistics: ``code`` is a digest of the modules' source text."""

    code: str


def read_shard_keys(store: Store, file: str) -> ShardKeys | None:
    """Read the keys of the shard ``file``, or None where there are none that can be used."""
    try:
        return ShardKeys.model_validate(_read(store, file))
    except ValidationError:
        return None


def read_statistics_keys(store: Store, file: str) -> StatisticsKeys | None:
    """Read the keys of the statistics ``file``, or None where there are none that can be used."""
    try:
        return StatisticsKeys.model_validate(_read(store, file))
    except ValidationError:
        return None


def write_keys(store: Store, file: str, keys: ShardKeys | StatisticsKeys) -> None:
    """Write the keys of ``file`` beside it."""
    store.write(file + KEYS_SUFFIX, (json.dumps(keys.model_dump(mode="json")) + "\n").encode())


def _read(store: Store, file: str) -> Any:
    try:
        return json.loads(store.read(file + KEYS_SUFFIX))
    except (OSError, ValueError, RecursionError):
        return None
