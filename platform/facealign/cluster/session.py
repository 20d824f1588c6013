"""A connection to Ray: the cluster named, or one of our own on this machine."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

import ray

from facealign.cluster.guardian import guarded
from facealign.cluster.temporary import temporary_folder
from facealign.config import UserError

_OBJECT_STORE_BYTES = 200 << 20  # batches do not travel through it; Ray's default is 30 % of the memory


@contextmanager
def session(address: str | None, *, dashboard: bool = False) -> Iterator[None]:
    """Connected to Ray inside the block; a cluster that was started here ends with it, and leaves no file.

    Args:
        address: Of a running cluster; None takes ``RAY_ADDRESS``, and failing that starts a local cluster.
        dashboard: Whether a local cluster has Ray's dashboard. It costs some 800 MB, and a search needs it:
            without it Ray does not give back what a trial that was stopped had reserved.

    Raises:
        UserError: Nothing answers at the address.
    """
    if ray.is_initialized():
        yield
        return
    address = address or os.environ.get("RAY_ADDRESS")
    with _connected(address) if address else _local(dashboard):
        yield


@contextmanager
def _local(dashboard: bool) -> Iterator[None]:
    with temporary_folder() as folder, guarded(folder):
        ray.init(
            address="local",
            include_dashboard=dashboard,
            object_store_memory=_OBJECT_STORE_BYTES,
            _temp_dir=str(folder),
            logging_level=logging.WARNING,
            log_to_driver=False,
        )
        try:
            yield
        finally:
            ray.shutdown()


@contextmanager
def _connected(address: str) -> Iterator[None]:
    try:
        ray.init(address=address, logging_level=logging.WARNING, log_to_driver=False)
    except ConnectionError as error:
        raise UserError(
            f"no Ray cluster answers at {address} ({error}); start one with `ray start --head`, "
            "or set cluster.address: null and unset RAY_ADDRESS to train on this machine"
        ) from None
    try:
        yield
    finally:
        ray.shutdown()
