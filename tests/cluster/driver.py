"""A driver in a process of its own, which can be killed: ``python driver.py SPEC``.

SPEC is a JSON file with ``job``, ``config`` and ``folder``, and perhaps ``run``, the handle of an MLflow run. What
happens goes to ``folder/events.jsonl``, a line for each event; the ending is the exit status and standard error.
"""

import json
import sys
from pathlib import Path
from typing import Any

from facealign.cluster.config import ClusterConfig
from facealign.cluster.train import Stopped, train
from facealign.tracking import RunHandle
from facealign.training import TrainJob
from facealign.workflows.errors import report_user_errors


def main(spec: dict[str, Any]) -> None:
    folder = Path(spec["folder"])
    run = RunHandle(**spec["run"]) if spec.get("run") else None
    job, config = TrainJob.model_validate(spec["job"]), ClusterConfig.model_validate(spec["config"])
    with (folder / "events.jsonl").open("a", encoding="utf-8") as events:

        def tell(event: dict[str, Any]) -> None:
            events.write(json.dumps(event) + "\n")
            events.flush()

        try:
            train(job, config, run, folder / "spool", folder / "model", tell)
        except Stopped as stopped:
            sys.exit(stopped.exit_status)


if __name__ == "__main__":
    with report_user_errors():
        main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
