"""Paths of the outputs of the pipeline's stages, below one folder."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from facealign.cluster.environment import submission
from facealign.storage.store import Place

# The project's home: the folder or bucket that stands for the project's own folder where that one does not last.
#
# A Ray job works in a copy of the project that Ray deletes. ``FACEALIGN_HOME`` names a lasting place, an absolute
# path or a URI, that every node reaches: ``outputs``, ``runs`` and every relative address then lie there. Without
# it # they lie in the current folder, as DVC wants them.


HOME_VARIABLE = "FACEALIGN_HOME"


def named() -> str:
    """The home that the environment names, without a slash at its end; empty where it names none."""
    return os.environ.get(HOME_VARIABLE, "").rstrip("/")


def is_bucket() -> bool:
    """Whether the home is reached by a URI and not as a folder."""
    return "://" in named()


def folder() -> Path:
    """The home where it is a folder, else the current folder: there files lie until ``upload`` takes them."""
    return Path() if is_bucket() else Path(named())


def address(relative: str) -> str:
    """Resolve a path against the workspace; absolute paths and URIs stay."""
    if not named() or "://" in relative or Path(relative).is_absolute():
        return relative
    return f"{named()}/{relative}" if is_bucket() else str(Path(named()) / relative)


def state_folder() -> Path:
    """Absolute, on a disk: where a run keeps what outlives its process. With a bucket for home, the user's own."""
    if is_bucket():
        state = os.environ.get("XDG_STATE_HOME")
        return (Path(state) if state else Path.home() / ".local" / "state") / "facealign"
    return (folder() / "runs").resolve()  # absolute, because workers have other working directories


def upload(path: Path) -> None:
    """Take a file or a folder to the home, if that is a bucket; elsewhere it is there already.

    Raises:
        OSError: The bucket does not take it.
    """
    if is_bucket():
        import pyarrow.fs

        pyarrow.fs.copy_files(str(path.resolve()), address(str(path)))


def download(path: Path) -> None:
    """Bring a file or a folder from the home, if that is a bucket that has it.

    Raises:
        OSError: The bucket does not answer.
    """
    if is_bucket():
        import pyarrow.fs

        files, key = pyarrow.fs.FileSystem.from_uri(address(str(path)))
        if files.get_file_info(key).type != pyarrow.fs.FileType.NotFound:
            path.parent.mkdir(parents=True, exist_ok=True)
            pyarrow.fs.copy_files(key, str(path.resolve()), source_filesystem=files)


SHARDS_VARIABLE = "FACEALIGN_SHARDS"

OUTPUTS = folder() / "outputs"
SHARDS: Place = os.environ.get(SHARDS_VARIABLE) or address(str(OUTPUTS / "shards"))
PREPARED = OUTPUTS / "prepared.json"
REGISTERED = OUTPUTS / "registered.json"
SPOOL = state_folder() / "spool"
"""Folder of the runs' records on this machine's disk until MLflow has them."""


class Trained(NamedTuple):
    """Paths of a training's outputs."""

    model: Path  # folder of the best model
    run: Path  # which MLflow run it was
    metrics: Path
    history: Path  # metrics by epoch
    curve: Path  # the same, drawn


class Evaluated(NamedTuple):
    """Paths of an evaluation's outputs."""

    metrics: Path
    test: Path  # what was found on each face of the test fold, see FacePredictions
    validation: Path
    ced: Path  # cumulative error distribution on the test fold
    pictures: Path  # folder


class Searched(NamedTuple):
    """Paths of a search's outputs."""

    folder: Path  # with the study's journal
    trials: Path  # a line a trial
    best: Path  # the params file with the winner's values
    metrics: Path
    page: Path  # all of it, to be looked at
    pictures: Path  # folder


def searched(name: str) -> Searched:
    """The places of a search."""
    folder = OUTPUTS / "search" / name
    names = ("trials.csv", "best.yaml", "search.json", "search.html", "pictures")
    return Searched(folder, *(folder / name for name in names))


def trained(method: str) -> Trained:
    """The places of a method's training in the pipeline."""
    return trained_in(OUTPUTS / "trained" / method)


def trained_in(folder: Path) -> Trained:
    """The places of a training in a folder."""
    names = ("model", "run.json", "training.json", "history.csv", "learning_curve.png")
    return Trained(*(folder / name for name in names))


def evaluated(method: str) -> Evaluated:
    """The places of a method's evaluation in the pipeline."""
    return evaluated_in(OUTPUTS / "evaluated" / method)


def measured(name: str) -> Evaluated:
    """The places of what was measured outside the pipeline: on other faces, or of another program."""
    return evaluated_in(OUTPUTS / "measured" / name)


def evaluated_in(folder: Path) -> Evaluated:
    """The places of an evaluation in a folder."""
    names = ("evaluation.json", "test.arrow", "validation.arrow", "ced.csv", "pictures")
    return Evaluated(*(folder / name for name in names))


# Which code made a thing.


def git_commit() -> str:
    """The commit checked out, with ``-dirty`` when tracked files differ from it; ``unknown`` outside git.

    A Ray job has no repository; there it is what the submission's metadata has as ``git_commit``.
    """
    job = submission()
    if job is not None:
        return job.metadata.get("git_commit", "unknown")
    try:
        commit = _git("rev-parse", "HEAD")
        return commit + ("-dirty" if _git("status", "--porcelain", "--untracked-files=no") else "")
    except (FileNotFoundError, subprocess.CalledProcessError):
        return "unknown"


def uncommitted() -> str:
    """Return the uncommitted changes as a patch for ``git apply``; empty outside git and in a Ray job."""
    if submission() is not None:
        return ""
    try:
        found = _git("diff", "--binary", "--no-ext-diff", "--no-color", "HEAD")
    except (FileNotFoundError, subprocess.CalledProcessError):
        return ""
    return found and found + "\n"


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], check=True, capture_output=True)
    return done.stdout.decode(errors="surrogateescape").strip("\n")


# The stages' metrics on disk.


def read_json(path: Path) -> dict[str, Any]:
    """The object that a stage wrote."""
    return dict(json.loads(path.read_text(encoding="utf-8")))


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write an object for people and for DVC; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
