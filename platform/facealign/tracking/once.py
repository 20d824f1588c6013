"""Writes each metric once: a run keeps one value for a key and step, however often it is sent.

A training that restarts does the steps since its last checkpoint again, perhaps on another machine, and says their
metrics again: other moments, other throughputs. MLflow would keep both. So who delivers asks the run first which
steps it has, once for each key, and again only after a failure or when somebody else has delivered since, which a
tag of the run tells. Two that deliver the same step within the same milliseconds could still both succeed; a
training has one process that logs, so that takes the replay of a lost machine's spool at that very moment.
"""

import uuid
from collections.abc import Sequence
from typing import Any

from facealign.tracking.records import MetricRecord

WRITER = "facealign.writer"
"""The tag with the name of who delivered last."""


class OnceOnly:
    """Which steps of which metrics a run has.

    Args:
        client: MLflow's.
        run_id: Of the run.
    """

    def __init__(self, client: Any, run_id: str) -> None:
        self._client, self._run_id = client, run_id
        self._name = uuid.uuid4().hex
        self._steps: dict[str, set[int]] = {}

    def missing(self, records: Sequence[MetricRecord]) -> list[MetricRecord]:
        """The records that are to be delivered, in their order; they count as delivered from now on.

        Raises:
            mlflow.exceptions.MlflowException: MLflow did not answer.
        """
        if any(record.once for record in records):
            self.claim_writer()
        return [record for record in records if not record.once or self._is_first(record)]

    def clear(self) -> None:
        """The last delivery failed, wholly or in part: ask the run again."""
        self._steps.clear()

    def claim_writer(self) -> None:
        """Have it on record that we write, before asking what is written; what we knew holds if we did last."""
        if self._client.get_run(self._run_id).data.tags.get(WRITER) != self._name:
            self._client.set_tag(self._run_id, WRITER, self._name)
            self.clear()

    def _is_first(self, record: MetricRecord) -> bool:
        if record.key not in self._steps:
            history = self._client.get_metric_history(self._run_id, record.key)
            self._steps[record.key] = {figure.step for figure in history}
        steps = self._steps[record.key]
        first = record.step not in steps
        steps.add(record.step)
        return first
