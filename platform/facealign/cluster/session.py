"""A connection to Ray: the cluster named, or one of our own on this machine."""

import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SETTINGS = {
    # A report is a barrier, and Ray looks for reports at this interval; two seconds would pace short epochs.
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.25",
    "RAY_USAGE_STATS_ENABLED": "0",
    # `uv run` would build an environment for every worker.
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    "RAY_TRAIN_ENABLE_PRINT_PATCH": "0",
    "NO_ALBUMENTATIONS_UPDATE": "1",
}
_OBJECT_STORE_BYTES = 200 << 20  # batches do not travel through it; Ray's default is 30 % of the memory


@contextmanager
def session(address: str | None) -> Iterator[None]:
    """Connected to Ray inside the block; a cluster that was started here ends with it.

    Args:
        address: Of a running cluster; None takes ``RAY_ADDRESS``, and failing that starts a local cluster.

    Raises:
        UserError: Nothing answers at the address.
    """
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    import ray

    from facealign.config import UserError

    if ray.is_initialized():
        yield
        return
    address = address or os.environ.get("RAY_ADDRESS")
    quiet = {"logging_level": logging.WARNING, "log_to_driver": False}
    if address is None:
        ray.init(
            address="local",
            include_dashboard=False,
            object_store_memory=_OBJECT_STORE_BYTES,
            _temp_dir=str(_temporary_folder()),
            **quiet,
        )
    else:
        try:
            ray.init(address=address, **quiet)
        except ConnectionError as error:
            raise UserError(
                f"no Ray cluster answers at {address} ({error}); start one with `ray start --head`, "
                "or set cluster.address: null and unset RAY_ADDRESS to train on this machine"
            ) from None
    try:
        yield
    finally:
        ray.shutdown()


def _temporary_folder() -> Path:
    """Ray's own folder: short, because socket paths below it are limited to 107 bytes, and no other user's."""
    return Path(os.environ.get("RAY_TMPDIR") or Path(tempfile.gettempdir()) / f"facealign-{os.getuid()}")
