"""Does every node read in the storage what the others write there, and is there room?"""

import os
import shutil
import uuid

import pyarrow.fs

from facealign.cluster import storage
from facealign.cluster.doctor.finding import Finding
from facealign.cluster.doctor.nodes import alive, ask, ask_each, listed
from facealign.cluster.doctor.plan import Plan
from facealign.cluster.doctor.registry import check

_CHECKPOINTS = 3
"""That lie there at once: two are kept, and one is being written."""

_REMEDY = "set cluster.storage to a bucket (s3://…), or to a folder that is mounted at this path on every node"


@check("storage")
def seen_by_all(plan: Plan) -> Finding:
    """Every node writes a file, and every node reads them all."""
    address = storage.absolute(plan.cluster.storage)
    probe = storage.join(address, f".facealign-doctor-{uuid.uuid4().hex}")
    try:
        written = ask_each(write, {node.name: (probe, node.id) for node in alive()})
        if written.refused:
            return Finding("failed", f"{address}: cannot be written on {listed(written.refused)}", _REMEDY)
        read = ask(names_in, probe)
    finally:
        ask(remove, probe)
    if read.refused:
        return Finding("failed", f"{address}: cannot be read on {listed(read.refused)}", _REMEDY)
    blind = {
        node: f"does not see what {', '.join(missing)} wrote"
        for node, seen in read.given.items()
        if (missing := [other.name for other in alive() if other.id not in seen])
    }
    if blind:
        return Finding("failed", f"{address}: {listed(blind)}", _REMEDY)
    return _room(address, plan.checkpoint_bytes * _CHECKPOINTS)


def _room(address: str, wanted: int) -> Finding:
    seen = f"{address}: every node reads what every other writes"
    if "://" in address:
        return Finding("ok", seen)
    free = min(ask(free_bytes, address).given.values())
    found = f"{seen}; {free / 1e9:.1f} GB free, {_CHECKPOINTS} checkpoints take up to {wanted / 1e9:.1f} GB"
    if free < wanted:
        return Finding("failed", found, "free some, or set cluster.storage to another place")
    return Finding("ok", found)


def write(folder: str, name: str) -> None:
    """Put a file of its own name into the folder."""
    files, path = pyarrow.fs.FileSystem.from_uri(folder)
    files.create_dir(path, recursive=True)
    with files.open_output_stream(f"{path}/{name}") as stream:
        stream.write(name.encode())


def names_in(folder: str) -> list[str]:
    """The contents of the files there, opened and read."""
    files, path = pyarrow.fs.FileSystem.from_uri(folder)
    found = []
    for info in files.get_file_info(pyarrow.fs.FileSelector(path)):
        with files.open_input_stream(info.path) as stream:
            found.append(stream.read().decode())
    return found


def remove(folder: str) -> None:
    """Delete the folder; another node may have been quicker."""
    files, path = pyarrow.fs.FileSystem.from_uri(folder)
    if isinstance(files, pyarrow.fs.LocalFileSystem):
        shutil.rmtree(path, ignore_errors=True)
    elif storage.exists(folder):
        files.delete_dir(path)


def free_bytes(folder: str) -> int:
    """For a user without privileges."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize
