"""The source that a published model carries with it, so that it can be served where facealign is not installed.

It is this package's own, file for file, under a name that is drawn from its content. So a model goes on cutting
faces as those of its training were cut, whatever version is installed beside it, and models of two versions can be
loaded in one process.
"""

import hashlib
import re
from pathlib import Path

import facealign

_PARTS = (
    "__init__.py",
    "config",
    "geometry",
    "data/__init__.py",
    "data/images.py",
    "data/record.py",
    "data/preparing/__init__.py",
    "data/preparing/warp.py",
    "inference",
)
LOADER = "serving"
"""The module that MLflow calls; it lies at the top of the bundled source."""
PACKAGES = ("mlflow", "torch", "numpy", "opencv-python-headless", "pillow", "pydantic", "ruamel.yaml")
"""Packages that the source needs."""

_IMPORT = re.compile(r"^(\s*(?:from|import) )facealign\b", re.MULTILINE)


def bundle_source(folder: Path) -> Path:
    """Write the source below ``folder``, as a package; returns its folder, whose name is the package's."""
    sources = _sources()
    digest = hashlib.sha256()
    for name, text in sources.items():
        digest.update(f"{name}\0{text}\0".encode())
    package = folder / f"facealign_{digest.hexdigest()[:12]}"
    for name, text in sources.items():
        file = package / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(_IMPORT.sub(rf"\g<1>{package.name}", text), encoding="utf-8")
    return package


def _sources() -> dict[str, str]:
    root = Path(facealign.__file__).parent
    files: list[Path] = []
    for part in _PARTS:
        files += [root / part] if part.endswith(".py") else sorted((root / part).rglob("*.py"))
    sources = {file.relative_to(root).as_posix(): file.read_text(encoding="utf-8") for file in files}
    sources[f"{LOADER}.py"] = (root / "registry" / f"{LOADER}.py").read_text(encoding="utf-8")
    return sources
