"""Digest of everything that decides a prepared face besides its own files: settings, code, libraries.

Faces are carried over from one preparation to the next where nothing that decides them has changed. So a fixed
source, another rule for cropping, or another JPEG encoder must count as a change as much as another photo does.
"""

import ast
import hashlib
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from facealign.config import digest_json
from facealign.data.config import DataConfig
from facealign.data.shards.row import arrow_schema, fingerprint
from facealign.data.sources.base import Source
from facealign.geometry import LandmarkSchema

_PACKAGE = "facealign"
_MAKERS = ("facealign.data.preparing.cropping", "facealign.data.shards.row")
"""Modules that make a row of what a source gives."""
_LIBRARIES = ("numpy", "opencv-python-headless", "pillow", "pyarrow")
"""Libraries that turn pixels into bytes."""


def row_rule(settings: DataConfig, source: Source, schema: LandmarkSchema) -> str:
    """Return a digest of everything that every row depends on: settings, code and library versions."""
    shards = settings.shards
    return digest_json(
        {
            "source": settings.source,
            "options": settings.options.model_dump(mode="json"),
            "landmarks": schema.model_dump(mode="json"),
            "crop": settings.crop.model_dump(mode="json"),
            "encoding": [shards.encoding, shards.quality if shards.encoding == "jpeg" else None],
            "columns": fingerprint(arrow_schema(schema.size)),
            "code": code_digest(
                type(source).__module__, "facealign.data.preparing.cropping", "facealign.data.shards.row"
            ),
            "libraries": [metadata.version(name) for name in _LIBRARIES],
        }
    )


@cache
def code_digest(*modules: str) -> str:
    """A digest of the text of modules, and of all modules of this package that they import, now or when called."""
    seen: dict[str, str] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        path = _file_of(name)
        text = path.read_bytes() if path is not None else b""
        seen[name] = hashlib.sha256(text).hexdigest()
        waiting += _imports(text)
    return digest_json(seen)


def _imports(text: bytes) -> list[str]:
    """Modules of this package that are named in import statements, at any depth."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            # `from package import name` may name a module, too.
            found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return [name for name in found if name.split(".")[0] == _PACKAGE and _file_of(name) is not None]


def _file_of(module: str) -> Path | None:
    try:
        spec = find_spec(module)
    except (ModuleNotFoundError, ValueError):
        return None  # its parent is a module, so the name is of a function or class; or it is a script
    return Path(spec.origin) if spec is not None and spec.origin is not None else None
