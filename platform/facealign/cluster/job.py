"""The Ray job that this process is the driver of, as Ray tells it by the environment."""

import json
import os
from dataclasses import dataclass

_VARIABLE = "RAY_JOB_CONFIG_JSON_ENV_VAR"
_ID = "job_submission_id"


@dataclass(frozen=True)
class Submission:
    """What ``ray job submit`` said of a job: its id, and the mapping of ``--metadata-json``."""

    id: str
    metadata: dict[str, str]


def submission() -> Submission | None:
    """The job of this process; None where it is none."""
    told = os.environ.get(_VARIABLE)
    metadata = json.loads(told).get("metadata", {}) if told else {}
    return Submission(metadata[_ID], metadata) if _ID in metadata else None
