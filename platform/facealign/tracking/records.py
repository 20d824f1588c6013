"""Records of a run, as lines of its spool.

Each record is one line of JSON and stands alone: it can be delivered, refused or delivered again by itself. A
metric carries the moment it was measured, because MLflow takes two metrics with the same key, step, moment and
value for one; so delivering one record twice does no harm. Two records of one step, as a restart makes them, are
two for MLflow; ``once`` says that the run is to have only one.
"""

import json
import time
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class MetricRecord:
    """A metric at a step; ``at`` is milliseconds since 1970. The value may be NaN or infinite.

    Attributes:
        once: The run keeps one metric for this key and step, the first that reaches it.
    """

    key: str
    value: float
    step: int
    at: int
    once: bool = True


@dataclass(frozen=True)
class ParamRecord:
    """A setting of the run."""

    key: str
    value: str


@dataclass(frozen=True)
class TagRecord:
    """A label of the run."""

    key: str
    value: str


@dataclass(frozen=True)
class DatasetRecord:
    """A data set among the run's inputs.

    Attributes:
        profile: JSON of its metrics.
        context: What the run does with it.
    """

    name: str
    digest: str
    source: str
    profile: str
    context: str


@dataclass(frozen=True)
class ArtifactRecord:
    """A file kept in the spool: ``file`` is its path relative to the spool, ``folder`` the place in the run."""

    file: str
    folder: str


@dataclass(frozen=True)
class StatusRecord:
    """The end of a run: FINISHED, FAILED or KILLED, at ``at`` (milliseconds since 1970)."""

    status: str
    at: int


Record = MetricRecord | ParamRecord | TagRecord | DatasetRecord | ArtifactRecord | StatusRecord

_KINDS: dict[str, type[Record]] = {
    "metric": MetricRecord,
    "param": ParamRecord,
    "tag": TagRecord,
    "dataset": DatasetRecord,
    "artifact": ArtifactRecord,
    "status": StatusRecord,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def now_ms() -> int:
    """Return the current time in milliseconds since 1970, as MLflow counts it."""
    return time.time_ns() // 1_000_000


def to_line(record: Record) -> str:
    """The record as one line of JSON without its end; NaN and infinities as Python's json writes them."""
    return json.dumps({"kind": _NAMES[type(record)], **asdict(record)}, ensure_ascii=False)


def from_line(line: str) -> Record:
    """The record that ``to_line`` wrote.

    Raises:
        ValueError: The line is not JSON, or not such a record.
    """
    fields: Any = json.loads(line)
    if not isinstance(fields, dict) or fields.get("kind") not in _KINDS:
        raise ValueError(f"not a record of a run: {line[:80]!r}")
    kind = _KINDS[fields.pop("kind")]
    try:
        return kind(**fields)
    except TypeError as error:
        raise ValueError(f"not a record of a run: {error}") from None
