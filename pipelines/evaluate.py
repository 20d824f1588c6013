"""Stage `evaluate`: one trained method on the test fold, beside the mean shape.

python pipelines/evaluate.py METHOD [--params params.yaml]
"""

from facealign.workflows.evaluate import measure, record
from facealign.workflows.settings import Params
from facealign.workflows.stage import method_stage


def main(params: Params, method: str) -> None:
    """Measure one method, draw what it finds, and put both into its run."""
    print(measure(method, params.evaluation))
    record(method, params.tracking)


if __name__ == "__main__":
    method_stage(main)
