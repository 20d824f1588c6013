"""Does MLflow take what runs say, and is it reached from every node?"""

from facealign import tracking
from facealign.cluster.doctor.finding import Finding
from facealign.cluster.doctor.nodes import ask, listed
from facealign.cluster.doctor.plan import Plan
from facealign.cluster.doctor.registry import check


@check("tracking")
def reachable_and_writable(plan: Plan) -> Finding:
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
    return Finding("ok", f"{shown}: takes figures and files, answers on every node")
