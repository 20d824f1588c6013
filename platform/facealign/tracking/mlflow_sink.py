"""Records → MLflow, over its client."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from facealign.tracking.address import is_refusal
from facealign.tracking.forwarder import Refused
from facealign.tracking.records import (
    ArtifactRecord,
    MetricRecord,
    ParamRecord,
    Record,
    StatusRecord,
    TagRecord,
)
from facealign.tracking.runs import OPENED, RunHandle

_METRICS_PER_CALL = 1000
_PARAMS_PER_CALL = _TAGS_PER_CALL = 100


class MlflowSink:
    """Delivers to one run. Figures keep the moments they were measured at, so delivering twice does no harm."""

    def __init__(self, handle: RunHandle) -> None:
        self._handle = handle
        self._made: Any = None

    def deliver(self, records: Sequence[Record], spool: Path) -> None:
        """Send the records in their order, neighbours of one kind together.

        Raises:
            Refused: MLflow says that a value, a name, or the run itself is not as it must be.
            mlflow.exceptions.MlflowException: It did not answer.
        """
        from mlflow.exceptions import MlflowException

        try:
            for kind, run in groupby(records, type):
                for part in _parts(list(run), kind):
                    self._send(part, spool)
        except MlflowException as error:
            if is_refusal(error):
                raise Refused(error.message) from error
            raise

    def _send(self, records: Sequence[Any], spool: Path) -> None:
        from mlflow.entities import Metric, Param, RunTag

        client, run_id = self._client, self._handle.run_id
        match records[0]:
            case MetricRecord():
                client.log_batch(run_id, metrics=[Metric(r.key, r.value, r.at, r.step) for r in records])
            case ParamRecord():
                client.log_batch(run_id, params=[Param(r.key, r.value) for r in records])
            case TagRecord():
                client.log_batch(run_id, tags=[RunTag(r.key, r.value) for r in records])
            case ArtifactRecord(file, folder):
                if not (spool / file).is_file():
                    raise Refused(f"the file {spool / file} is gone")
                client.log_artifact(run_id, str(spool / file), folder or None)
            case StatusRecord(status, at):
                opened = client.get_run(run_id).data.tags.get(OPENED, "0")
                if at >= int(opened):  # else an earlier attempt ended so, and the run goes on
                    client.set_terminated(run_id, status, at)

    @property
    def _client(self) -> Any:
        """Made at the first delivery, in the thread that delivers: with a database it connects at once."""
        if self._made is None:
            from mlflow import MlflowClient

            self._made = MlflowClient(tracking_uri=self._handle.uri, registry_uri=self._handle.uri)
        return self._made


def _parts(records: list[Any], kind: type[Record]) -> Iterator[list[Any]]:
    """Pieces no larger than one call may be."""
    size = {MetricRecord: _METRICS_PER_CALL, ParamRecord: _PARAMS_PER_CALL, TagRecord: _TAGS_PER_CALL}.get(kind, 1)
    for start in range(0, len(records), size):
        yield records[start : start + size]
