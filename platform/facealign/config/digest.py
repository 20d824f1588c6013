"""Digests of settings and files."""

import hashlib
import json
from pathlib import Path
from typing import Any

from facealign.config.files import open_file

_CHUNK = 1 << 20


def digest_json(value: Any) -> str:
    """SHA-256, hexadecimal, of ``value`` as canonical JSON: key order and spacing do not matter."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def digest_file(path: Path) -> str:
    """SHA-256, hexadecimal, of a file's bytes, read in chunks.

    Raises:
        OSError: It cannot be read, or is no regular file.
    """
    sha = hashlib.sha256()
    with open_file(path) as stream:
        while chunk := stream.read(_CHUNK):
            sha.update(chunk)
    return sha.hexdigest()
