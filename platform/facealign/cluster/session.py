"""A connection to Ray: the cluster named, or one of our own on this machine."""

import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import ray

from facealign.config import UserError

_OBJECT_STORE_BYTES = 200 << 20  # batches do not travel through it; Ray's default is 30 % of the memory


@contextmanager
def session(address: str | None) -> Iterator[None]:
    """Connected to Ray inside the block; a cluster that was started here ends with it.

    Args:
        address: Of a running cluster; None takes ``RAY_ADDRESS``, and failing that starts a local cluster.

    Raises:
        UserError: Nothing answers at the address.
    """
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
