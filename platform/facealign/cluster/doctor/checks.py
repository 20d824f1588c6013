"""The checks of ``facealign doctor``: data, versions, resources, storage and tracking on every node."""

import math
import os
import platform
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pyarrow.fs
import ray
from ray.util.placement_group import placement_group, placement_group_table, remove_placement_group

import facealign
from facealign import tracking
from facealign.cluster.doctor.check import DoctorPlan, Finding, check
from facealign.cluster.doctor.nodes import Node, alive, ask, ask_each, listed
from facealign.cluster.trainer import scaling
from facealign.config import UserError, digest_file, digest_json
from facealign.data.shards.index import Index
from facealign.data.shards.verify import verify
from facealign.storage import uris
from facealign.storage.cache import CACHE_VARIABLE, cache_folder
from facealign.storage.local import Folder
from facealign.storage.uris import open_store

_SHARDS_REMEDY = (
    "`facealign shards verify` names all that is wrong; prepare into a bucket, or into a folder that every node "
    "mounts, and let FACEALIGN_SHARDS name it"
)


@dataclass(frozen=True)
class ShardFolderState:
    """The prepared faces as one node has them.

    Attributes:
        digest: Of the index, and so of every byte.
        faces: Of all folds.
        bytes: That a node fetches from a bucket; 0 where they lie in a folder.
        free: Bytes on the disk that they are fetched to.
    """

    digest: str
    faces: int
    bytes: int
    free: int


@check("shards")
def whole_everywhere(plan: DoctorPlan) -> Finding:
    """A folder may be another one on each node, so each reads every byte; of a bucket, one reading is enough."""
    place = plan.shards
    if not isinstance(open_store(place), Folder):
        require_whole(place)
    answers = ask(folder_state, place)
    if answers.refused:
        return Finding("failed", f"{place}: {listed(answers.refused)}", _SHARDS_REMEDY)
    digests = {node: found.digest[:12] for node, found in answers.results.items()}
    if len(set(digests.values())) > 1:
        return Finding("failed", f"{place}: the nodes have different data; {listed(digests)}", _SHARDS_REMEDY)
    full = {
        node: f"{found.free / 1e9:.1f} GB free for {found.bytes / 1e9:.1f} GB of shards"
        for node, found in answers.results.items()
        if found.free < found.bytes
    }
    if full:
        return Finding(
            "failed",
            f"{place}: {listed(full)}",
            f"free some, or let {CACHE_VARIABLE} name a folder on a larger disk",
        )
    one = next(iter(answers.results.values()))
    return Finding(
        "ok", f"{place}: {one.faces} faces, every byte read; data digest {one.digest[:12]} on every node"
    )


def folder_state(place: str) -> ShardFolderState:
    """Look from this node.

    Raises:
        UserError: There is nothing, or it is not whole.
    """
    local = isinstance(open_store(place), Folder)
    if local:
        require_whole(place)
    index = Index.load(place)
    faces = sum(index.rows(fold) for fold in index.folds)
    size = 0 if local else sum(file.bytes for file in index.files().values())
    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    disk = os.statvfs(cache)
    return ShardFolderState(index.digest, faces, size, disk.f_bavail * disk.f_frsize)


def require_whole(place: str) -> None:
    """Read every byte.

    Raises:
        UserError: There is nothing, or something is wrong; the message names the first file.
    """
    problems = verify(place)
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise UserError(f"{problems[0].file} {problems[0].reason}{more}")


# Does every node run the same program?


@check("versions")
def same_everywhere(plan: DoctorPlan) -> Finding:
    """Python, Ray, torch and this package, the last by the content of its files."""
    here, answers = versions(), ask(versions)
    if answers.refused:
        return Finding(
            "failed",
            f"facealign does not run on {listed(answers.refused)}",
            "submit with --working-dir . --runtime-env pipelines/runtime_env.yaml, or install facealign there",
        )
    others = {
        node: ", ".join(f"{name} {found[name]}" for name in here if found[name] != here[name])
        for node, found in answers.results.items()
        if found != here
    }
    mine = ", ".join(f"{name} {value}" for name, value in here.items())
    if others:
        return Finding(
            "failed",
            f"this process has {mine}; {listed(others)}",
            "install the same everywhere: `pip install -c constraints.txt`, from the same commit",
        )
    return Finding("ok", mine)


def versions() -> dict[str, str]:
    """Return this process's versions. A build of torch (``+cpu``, ``+cu126``) may differ, its version may not."""
    return {
        "python": platform.python_version(),
        "ray": version("ray"),
        "torch": version("torch").partition("+")[0],
        "facealign": f"{facealign.__version__} ({_code()[:8]})",
    }


def _code() -> str:
    root = Path(facealign.__file__).parent
    files = sorted(path for kind in ("py", "yaml") for path in root.rglob(f"*.{kind}"))
    return digest_json({str(path.relative_to(root)): digest_file(path) for path in files})


# Is there room for all workers of one training at once?


_GROUP_SECONDS = 20.0
"""A group whose resources are free is placed within one."""

_KINDS = ("CPU", "GPU")


@check("gang")
def room_for_one(plan: DoctorPlan) -> Finding:
    """Check that the cluster has room for a training: count its resources, then try to reserve them."""
    nodes = alive()
    there = ", ".join(f"{node.name} has {_text(node.resources)}" for node in nodes)
    try:
        shape = scaling(plan.cluster)
    except UserError as error:
        return Finding("failed", f"{error}. {there}")
    bundle = {kind: count for kind, count in (shape.resources_per_worker or {}).items() if count}
    wanted = f"{plan.workers} workers with {_text(bundle)} each"
    fitting = sum(_fit(node, bundle) for node in nodes)
    if fitting < plan.workers:
        return Finding(
            "failed",
            f"{wanted}: enough in sum, but a worker has all it gets on one node, so there is room for {fitting}; "
            f"{there}",
            "lower cluster.cpus_per_worker or cluster.workers",
        )
    group = placement_group([bundle] * plan.workers, strategy="PACK")
    try:
        if group.wait(_GROUP_SECONDS):
            return Finding("ok", f"room for {wanted}; {there}")
        waiting = [entry for entry in placement_group_table().values() if entry["state"] == "PENDING"]
    finally:
        remove_placement_group(group)
    return Finding(
        "warning",
        f"{wanted} fit, but not now: free are {_text(ray.available_resources())}; {there}; "
        f"{len(waiting) - 1} others wait for a place",
        "a training waits until there is room; `ray status` and `ray job list` show what runs",
    )


def _fit(node: Node, bundle: Mapping[str, float]) -> int:
    """Return how many workers an idle node can hold."""
    return math.floor(min(node.resources.get(kind, 0) / count for kind, count in bundle.items()))


def _text(resources: Mapping[str, float]) -> str:
    counts = {kind: math.floor(resources.get(kind, 0)) for kind in _KINDS}
    return " and ".join(f"{n} {kind}{'' if n == 1 else 's'}" for kind, n in counts.items() if n) or "nothing"


# Does every node read in the storage what the others write there, and is there room?


_CHECKPOINTS = 3
"""That lie there at once: two are kept, and one is being written."""

_STORAGE_REMEDY = (
    "set cluster.storage to a bucket (s3://…), or to a folder that is mounted at this path on every node"
)


@check("storage")
def seen_by_all(plan: DoctorPlan) -> Finding:
    """Check that each node writes a file to the storage and that each node reads all of them."""
    address = uris.absolute(plan.cluster.storage)
    probe = uris.join(address, f".facealign-doctor-{uuid.uuid4().hex}")
    try:
        written = ask_each(write, {node.name: (probe, node.id) for node in alive()})
        if written.refused:
            return Finding("failed", f"{address}: cannot be written on {listed(written.refused)}", _STORAGE_REMEDY)
        read = ask(names_in, probe)
    finally:
        ask(remove, probe)
    if read.refused:
        return Finding("failed", f"{address}: cannot be read on {listed(read.refused)}", _STORAGE_REMEDY)
    blind = {
        node: f"does not see what {', '.join(missing)} wrote"
        for node, names in read.results.items()
        if (missing := [other.name for other in alive() if other.id not in names])
    }
    if blind:
        return Finding("failed", f"{address}: {listed(blind)}", _STORAGE_REMEDY)
    return _room(address, plan.checkpoint_bytes * _CHECKPOINTS)


def _room(address: str, wanted: int) -> Finding:
    shared = f"{address}: every node reads what every other writes"
    if "://" in address:
        return Finding("ok", shared)
    free = min(ask(free_bytes, address).results.values())
    found = f"{shared}; {free / 1e9:.1f} GB free, {_CHECKPOINTS} checkpoints take up to {wanted / 1e9:.1f} GB"
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
    elif uris.exists(folder):
        files.delete_dir(path)


def free_bytes(folder: str) -> int:
    """Return the free bytes for a user without privileges."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


# One file for each thing that is checked; its function registers itself.


# Does every worker get its share of the global batch?


@check("batch", needs_cluster=False)
def shared_by_workers(plan: DoctorPlan) -> Finding:
    """A face for each at least, and for all the same number if nobody is to wait."""
    workers = plan.workers
    few = {method: size for method, size in plan.batches.items() if size < workers}
    if few:
        return Finding(
            "failed",
            f"{workers} workers, and {_sizes(few)} faces in a global batch: some would have none",
            "raise train.batch_size or lower cluster.workers",
        )
    uneven = {method: size for method, size in plan.batches.items() if size % workers}
    if uneven:
        return Finding(
            "warning",
            f"{workers} workers do not share {_sizes(uneven)} faces evenly; at each step some wait for others",
            f"set train.batch_size to a multiple of {workers}",
        )
    return Finding("ok", f"{_sizes(plan.batches)} faces in a global batch, evenly over {workers} workers")


def _sizes(batches: Mapping[str, int]) -> str:
    return ", ".join(f"{method}: {size}" for method, size in batches.items())


# Does MLflow take what runs say, and is it reached from every node?


@check("tracking")
def reachable_and_writable(plan: DoctorPlan) -> Finding:
    """Written from here, where runs are opened; asked from every node, since any may hold rank 0."""
    if not plan.tracking.enabled:
        return Finding("skipped", "tracking.enabled is false")
    shown = tracking.require_writable(plan.tracking, plan.experiment)
    answers = ask(tracking.require_answer, tracking.tracking_uri(plan.tracking))
    if answers.refused:
        return Finding(
            "failed",
            f"{shown} takes what this process says, but not on {listed(answers.refused)}",
            "name a server that every node reaches: MLFLOW_TRACKING_URI or tracking.uri: http://host:5000",
        )
    return Finding("ok", f"{shown}: takes metrics and files, answers on every node")
