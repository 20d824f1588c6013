"""Ray's environment variables, set before Ray is imported; values that the user has set stay."""

import json
import os
from dataclasses import dataclass

_DEFAULTS = {
    # A report is a barrier, and Ray looks for reports at this interval; two seconds would pace short epochs.
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.25",
    "RAY_USAGE_STATS_ENABLED": "0",
    # `uv run` would build an environment for every worker.
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    "RAY_AUTH_MODE": "token",
    # Tune is to leave the signals to us, to write and show nothing, to take what trials report as it is, and to
    # run them in the folder that the driver is in.
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_STRICT_METRIC_CHECKING": "1",
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    # Workers inherit it; albumentations would call home otherwise.
    "NO_ALBUMENTATIONS_UPDATE": "1",
}


def set_defaults() -> None:
    """Put the defaults into the environment where nothing stands yet."""
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)


# The Ray job that this process is the driver of, as Ray tells it by the environment.


_VARIABLE = "RAY_JOB_CONFIG_JSON_ENV_VAR"
_ID = "job_submission_id"


@dataclass(frozen=True)
class Submission:
    """The job of ``ray job submit``: its id, and the mapping of ``--metadata-json``."""

    id: str
    metadata: dict[str, str]


def submission() -> Submission | None:
    """The job of this process; None where it is none."""
    value = os.environ.get(_VARIABLE)
    metadata = json.loads(value).get("metadata", {}) if value else {}
    return Submission(metadata[_ID], metadata) if _ID in metadata else None
