"""Runs all checks of ``facealign doctor``, one after another."""

from collections.abc import Iterator
from contextlib import ExitStack

from facealign.cluster.doctor.check import CHECKS, Check, DoctorPlan, Finding
from facealign.cluster.doctor.nodes import reach
from facealign.config import UserError

CLUSTER = "cluster"


def examine(plan: DoctorPlan) -> Iterator[tuple[str, Finding]]:
    """Names and findings as they come. The first is whether the cluster answers; what needs it asks only then."""
    with ExitStack() as stack:
        cluster = reach(plan.cluster.address, stack)
        yield CLUSTER, cluster
        for name, check in CHECKS.items():
            if check.needs_cluster and cluster.state == "failed":
                yield name, Finding("skipped", "the cluster does not answer")
            else:
                yield name, _look(check, plan)


def _look(check: Check, plan: DoctorPlan) -> Finding:
    try:
        return check.look(plan)
    except UserError as error:
        return Finding("failed", str(error))
