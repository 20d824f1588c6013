"""The project's home: the folder or bucket that stands for the project's own folder where that one does not last.

A Ray job works in a copy of the project that Ray deletes. ``FACEALIGN_HOME`` names a lasting place, an absolute
path or a URI, that every node reaches: ``outputs``, ``runs`` and every relative address then lie there. Without it
they lie in the current folder, as DVC wants them.
"""

import os
from pathlib import Path

HOME_VARIABLE = "FACEALIGN_HOME"


def named() -> str:
    """The home that the environment names, without a slash at its end; empty where it names none."""
    return os.environ.get(HOME_VARIABLE, "").rstrip("/")


def is_bucket() -> bool:
    """Whether the home is reached by a URI and not as a folder."""
    return "://" in named()


def folder() -> Path:
    """The home where it is a folder, else the current folder: there files lie until ``deliver`` takes them."""
    return Path() if is_bucket() else Path(named())


def address(relative: str) -> str:
    """What a relative address means at home; an absolute path or a URI is what it is."""
    if not named() or "://" in relative or Path(relative).is_absolute():
        return relative
    return f"{named()}/{relative}" if is_bucket() else str(Path(named()) / relative)


def state_folder() -> Path:
    """Absolute, on a disk: where a run keeps what outlives its process. With a bucket for home, the user's own."""
    if is_bucket():
        state = os.environ.get("XDG_STATE_HOME")
        return (Path(state) if state else Path.home() / ".local" / "state") / "facealign"
    return (folder() / "runs").resolve()  # absolute, because workers have other working directories


def deliver(path: Path) -> None:
    """Take a file or a folder to the home, if that is a bucket; elsewhere it is there already.

    Raises:
        OSError: The bucket does not take it.
    """
    if is_bucket():
        import pyarrow.fs

        pyarrow.fs.copy_files(str(path.resolve()), address(str(path)))


def fetch(path: Path) -> None:
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
