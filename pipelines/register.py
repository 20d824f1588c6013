"""Stage `register`: the best method by validation NME becomes a version, and the champion if it passes the gate.

python pipelines/register.py [--params params.yaml]
"""

from facealign.registry import Measuring, add_onnx, best_of, register_best
from facealign.workflows import workspace
from facealign.workflows.settings import Params
from facealign.workflows.stage import stage
from facealign.workflows.training_outputs import candidates
from facealign.workflows.workspace import REGISTERED, SHARDS, write_json


def main(params: Params) -> None:
    """Compare the methods that params.yaml names, register the best, and say what the gate decided."""
    uri, trained = candidates(params.methods, params.tracking)
    measuring = Measuring(SHARDS, params.evaluation.normalizer, params.evaluation.failure_threshold)
    # Before it is judged: whoever loads the new champion at once finds it whole.
    has_onnx = add_onnx(uri, best_of(trained).model_uri)
    registered = register_best(uri, params.registered_name, trained, measuring, params.registry)
    metrics = {
        "name": registered.name,
        "version": registered.version,
        "method": registered.candidate.method,
        "validation_nme": registered.candidate.validation_nme,
        "champion": registered.promoted,
        "reason": registered.reason,
        "gate": registered.metrics(),
        "onnx": has_onnx,
    }
    write_json(REGISTERED, metrics)
    workspace.upload(REGISTERED)
    print(f"models:/{registered.name}/{registered.version}: {registered.reason}")


if __name__ == "__main__":
    stage(main)
