"""Is there room for all workers of one training at once?"""

import math
from collections.abc import Mapping

import ray
from ray.util.placement_group import placement_group, placement_group_table, remove_placement_group

from facealign.cluster.doctor.finding import Finding
from facealign.cluster.doctor.nodes import Node, alive
from facealign.cluster.doctor.plan import Plan
from facealign.cluster.doctor.registry import check
from facealign.cluster.scaling import scaling
from facealign.config import UserError

_SECONDS = 20.0
"""A group whose resources are free is placed within one."""

_KINDS = ("CPU", "GPU")


@check("gang")
def room_for_one(plan: Plan) -> Finding:
    """Counted first, which tells what is missing; then tried, which tells whether it is free."""
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
        if group.wait(_SECONDS):
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
    """How many workers the node takes when it is idle."""
    return math.floor(min(node.resources.get(kind, 0) / count for kind, count in bundle.items()))


def _text(resources: Mapping[str, float]) -> str:
    counts = {kind: math.floor(resources.get(kind, 0)) for kind in _KINDS}
    return " and ".join(f"{n} {kind}{'' if n == 1 else 's'}" for kind, n in counts.items() if n) or "nothing"
