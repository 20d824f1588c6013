"""MLflow's environment variables in this project; values that the user has set stay."""

import os

DEFAULTS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    # With MLflow's own seven retries, a call to a server that is away blocks for minutes; the spool retries.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    # Models are exported programs (pt2); a pickle in their place is refused.
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}


def set_defaults() -> None:
    """Put the defaults into the environment. Must run before the first ``import mlflow`` of the process."""
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
