"""Records → MLflow, over its client."""

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from facealign.tracking.address import is_refusal
from facealign.tracking.forwarder import Refused
from facealign.tracking.handles import OPENED, Run
from facealign.tracking.once import OnceOnly
from facealign.tracking.opening import opened
from facealign.tracking.records import (
    ArtifactRecord,
    DatasetRecord,
    MetricRecord,
    ParamRecord,
    Record,
    StatusRecord,
    TagRecord,
)

_METRICS_PER_CALL = 1000
_PARAMS_PER_CALL = _TAGS_PER_CALL = 100
_DIGEST_LENGTH = 36  # what MLflow's column for a data set's digest holds


class MlflowSink:
    """Delivers to one run. What it has delivered before it may be given again.

    Args:
        run: Where to; one that is pending is opened at the first delivery.
        may_open: Otherwise a pending run is waited for: see ``opened``.
    """

    def __init__(self, run: Run, *, may_open: bool = True) -> None:
        self._run, self._may_open = run, may_open
        self._run_id = ""
        self._client: Any = None

    def deliver(self, records: Sequence[Record], spool: Path) -> None:
        """Send the records in their order, neighbors of one kind together.

        Raises:
            Refused: MLflow says that a value, a name, or the run itself is not as it must be.
            Away: The run is pending, and MLflow did not answer.
            mlflow.exceptions.MlflowException: It did not answer.
        """
        from mlflow.exceptions import MlflowException

        try:
            self._connect()
            for kind, run in groupby(records, type):
                for part in _parts(list(run), kind):
                    self._send(part, spool)
        except MlflowException as error:
            if is_refusal(error):
                raise Refused(error.message) from error
            raise

    def _connect(self) -> None:
        """Make the client at the first delivery, in the delivering thread: with a database it connects at once."""
        from mlflow import MlflowClient

        if self._client is None:
            self._run_id = opened(self._run, may_open=self._may_open).run_id
            self._client = MlflowClient(tracking_uri=self._run.uri, registry_uri=self._run.uri)
            self._once = OnceOnly(self._client, self._run_id)

    def _send(self, records: Sequence[Any], spool: Path) -> None:
        from mlflow.entities import RunTag

        client, run_id = self._client, self._run_id
        match records[0]:
            case MetricRecord():
                self._send_metrics(records)
            case ParamRecord():
                self._send_params(records)
            case TagRecord():
                client.log_batch(run_id, tags=[RunTag(r.key, r.value) for r in records])
            case DatasetRecord():
                client.log_inputs(run_id, [_dataset_input(record) for record in records])
            case ArtifactRecord(file, folder):
                if not (spool / file).is_file():
                    raise Refused(f"the file {spool / file} is gone")
                client.log_artifact(run_id, str(spool / file), folder or None)
            case StatusRecord(status, at):
                begun = client.get_run(run_id).data.tags.get(OPENED, "0")
                if at >= int(begun):  # else an earlier attempt ended so, and the run goes on
                    client.set_terminated(run_id, status, at)

    def _send_metrics(self, records: Sequence[MetricRecord]) -> None:
        from mlflow.entities import Metric

        try:
            missing = self._once.missing(records)
            if missing:
                self._client.log_batch(self._run_id, [Metric(r.key, r.value, r.at, r.step) for r in missing])
        except BaseException:
            self._once.clear()
            raise

    def _send_params(self, records: Sequence[ParamRecord]) -> None:
        """Send the parameters that the run does not have yet: MLflow changes none."""
        from mlflow.entities import Param

        known = self._client.get_run(self._run_id).data.params
        missing = {record.key: record.value for record in reversed(records) if record.key not in known}
        if missing:
            params = [Param(key, value) for key, value in missing.items()]
            self._client.log_batch(self._run_id, params=params)


def _dataset_input(record: DatasetRecord) -> Any:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    dataset = Dataset(
        name=record.name,
        digest=record.digest[:_DIGEST_LENGTH],
        source_type="local",
        source=json.dumps({"uri": record.source}),
        profile=record.profile,
    )
    tags = [InputTag("mlflow.data.context", record.context), InputTag("facealign.digest", record.digest)]
    return DatasetInput(dataset, tags)


def _parts(records: list[Any], kind: type[Record]) -> Iterator[list[Any]]:
    """Pieces no larger than one call may be."""
    size = {MetricRecord: _METRICS_PER_CALL, ParamRecord: _PARAMS_PER_CALL, TagRecord: _TAGS_PER_CALL}.get(kind, 1)
    for start in range(0, len(records), size):
        yield records[start : start + size]
