"""Are the prepared faces on every node, whole, and the same?"""

import os
from dataclasses import dataclass

from facealign.cluster.doctor.finding import Finding
from facealign.cluster.doctor.nodes import ask, listed
from facealign.cluster.doctor.plan import Plan
from facealign.cluster.doctor.registry import check
from facealign.config import UserError
from facealign.data.cache_folder import CACHE_VARIABLE, cache_folder
from facealign.data.shards.folder import Folder
from facealign.data.shards.index import Index
from facealign.data.shards.store import open_store
from facealign.data.shards.verify import verify

_REMEDY = (
    "`facealign shards verify` names all that is wrong; prepare into a bucket, or into a folder that every node "
    "mounts, and let FACEALIGN_SHARDS name it"
)


@dataclass(frozen=True)
class Seen:
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
def whole_everywhere(plan: Plan) -> Finding:
    """A folder may be another one on each node, so each reads every byte; of a bucket, one reading is enough."""
    place = plan.shards
    if not isinstance(open_store(place), Folder):
        require_whole(place)
    answers = ask(seen, place)
    if answers.refused:
        return Finding("failed", f"{place}: {listed(answers.refused)}", _REMEDY)
    digests = {node: found.digest[:12] for node, found in answers.given.items()}
    if len(set(digests.values())) > 1:
        return Finding("failed", f"{place}: the nodes have different data; {listed(digests)}", _REMEDY)
    full = {
        node: f"{found.free / 1e9:.1f} GB free for {found.bytes / 1e9:.1f} GB of shards"
        for node, found in answers.given.items()
        if found.free < found.bytes
    }
    if full:
        return Finding(
            "failed",
            f"{place}: {listed(full)}",
            f"free some, or let {CACHE_VARIABLE} name a folder on a larger disk",
        )
    one = next(iter(answers.given.values()))
    return Finding(
        "ok", f"{place}: {one.faces} faces, every byte read; data digest {one.digest[:12]} on every node"
    )


def seen(place: str) -> Seen:
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
    return Seen(index.digest, faces, size, disk.f_bavail * disk.f_frsize)


def require_whole(place: str) -> None:
    """Read every byte.

    Raises:
        UserError: There is nothing, or something is wrong; the message names the first file.
    """
    problems = verify(place)
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise UserError(f"{problems[0].file} {problems[0].reason}{more}")
