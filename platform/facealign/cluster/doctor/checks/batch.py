"""Does every worker get its share of the global batch?"""

from collections.abc import Mapping

from facealign.cluster.doctor.finding import Finding
from facealign.cluster.doctor.plan import Plan
from facealign.cluster.doctor.registry import check


@check("batch", needs_cluster=False)
def shared_by_workers(plan: Plan) -> Finding:
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
