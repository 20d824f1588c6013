"""Ray's settings, in one place. It reads them when it is imported; what the user has set stays."""

import os

_DEFAULTS = {
    # A report is a barrier, and Ray looks for reports at this interval; two seconds would pace short epochs.
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.25",
    "RAY_USAGE_STATS_ENABLED": "0",
    # `uv run` would build an environment for every worker.
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    "RAY_AUTH_MODE": "token",
    # Workers inherit it; albumentations would call home otherwise.
    "NO_ALBUMENTATIONS_UPDATE": "1",
}


def set_defaults() -> None:
    """Put the defaults into the environment where nothing stands yet."""
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
