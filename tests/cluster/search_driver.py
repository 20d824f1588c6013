"""The driver of a search in a process of its own, which can be killed: ``python search_driver.py SPEC``.

SPEC is a JSON file with ``search`` (a search file's content), ``job`` (what trials start from), ``config``,
``folder`` and perhaps ``concurrency``. What happens goes to ``folder/events.jsonl``, a line for each event.
"""

import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

from facealign.cluster.config import ClusterConfig
from facealign.cluster.search.run import Interrupted, search_session
from facealign.search.file import SearchFile
from facealign.search.plan import SearchPlan
from facealign.search.storage import open_storage
from facealign.search.study import SearchStudy
from facealign.training import TrainJob
from facealign.workflows.errors import report_user_errors
from facealign.workflows.settings import put


def job_with(base: TrainJob, settings: dict[str, Any]) -> TrainJob:
    """The job with settings by their paths: ``method.awing.train.epochs``, ``seed``."""
    short = {path.removeprefix(f"method.{base.method}."): value for path, value in settings.items()}
    return TrainJob.model_validate(put(base.model_dump(mode="json"), short))


def main(spec: dict[str, Any]) -> None:
    folder = Path(spec["folder"])
    file = SearchFile.model_validate(spec["search"])
    base, config = TrainJob.model_validate(spec["job"]), ClusterConfig.model_validate(spec["config"])
    with (folder / "events.jsonl").open("a", encoding="utf-8") as events:

        def tell(event: Any) -> None:
            events.write(json.dumps(event) + "\n")
            events.flush()

        try:
            with search_session(str(folder / "search"), config, folder / "spool", tell) as cluster:
                plan = SearchPlan(file, {"job": base.name}, base.train.epochs)
                study = SearchStudy(plan, open_storage(None, folder, alone=True))
                cluster.run(study, partial(job_with, base), concurrency=spec.get("concurrency"))
        except Interrupted as interrupted:
            sys.exit(interrupted.exit_status)


if __name__ == "__main__":
    with report_user_errors():
        main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
