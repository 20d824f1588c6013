"""A connection to Ray: the cluster named, or one of our own on this machine."""

import logging
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import ray

from facealign.cluster.reaper import guarded
from facealign.config import UserError
from facealign.storage.locks import locked

# Ray's own folder of a local cluster: one for each, gone with it, and with the next if its driver was killed.


_PREFIX = "fa-"
_LOCK = "lock"


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A fresh folder inside the block, below ``RAY_TMPDIR`` or the system's folder for such.

    Its path is short, because those of sockets below it are limited to 107 bytes.
    """
    base = Path(os.environ.get("RAY_TMPDIR") or Path(tempfile.gettempdir()) / f"facealign-{os.getuid()}")
    base.mkdir(parents=True, exist_ok=True)
    with ExitStack() as held:
        with locked(base / _LOCK, wait=True):
            _sweep(base)
            folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=base))
            held.enter_context(locked(folder / _LOCK))
        # The last of Ray's processes may still write a line to its log.
        held.callback(shutil.rmtree, folder, ignore_errors=True)
        yield folder


def _sweep(base: Path) -> None:
    """Remove folders whose drivers are dead."""
    for folder in base.glob(f"{_PREFIX}*"):
        with locked(folder / _LOCK) as abandoned:
            if abandoned:
                shutil.rmtree(folder, ignore_errors=True)


_OBJECT_STORE_BYTES = 200 << 20  # batches do not travel through it; Ray's default is 30 % of the memory


@contextmanager
def session(address: str | None, *, dashboard: bool = False) -> Iterator[Path | None]:
    """Connected to Ray inside the block; a cluster that was started here ends with it, and leaves no file.

    It yields a folder for what must not outlive the cluster, however that ends; None where it was running before.

    Args:
        address: Of a running cluster; None takes ``RAY_ADDRESS``, and failing that starts a local cluster.
        dashboard: Whether a local cluster has Ray's dashboard. It costs some 800 MB, and a search needs it:
            without it Ray does not give back what a trial that was stopped had reserved.

    Raises:
        UserError: Nothing answers at the address.
    """
    if ray.is_initialized():
        yield None
        return
    address = address or os.environ.get("RAY_ADDRESS")
    with _connected(address) if address else _local(dashboard) as scratch:
        yield scratch


@contextmanager
def _local(dashboard: bool) -> Iterator[Path]:
    with temporary_folder() as folder, guarded(folder):
        scratch = folder / "tmp"
        scratch.mkdir()
        with _environment_of_children({"TMPDIR": str(scratch), **_own_address()}):
            ray.init(
                address="local",
                include_dashboard=dashboard,
                object_store_memory=_OBJECT_STORE_BYTES,
                _temp_dir=str(folder),
                logging_level=logging.WARNING,
                log_to_driver=False,
            )
        try:
            yield scratch
        finally:
            ray.shutdown()


def _own_address() -> dict[str, str]:
    """Environment by which Ray's helper processes find their own cluster.

    They look for the one that runs on this machine, and fail where there are two: what gives back a stopped
    trial's CPUs is among them.
    """
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return {"RAY_GCS_SERVER_PORT": str(port), "RAY_ADDRESS": f"127.0.0.1:{port}"}


@contextmanager
def _environment_of_children(variables: Mapping[str, str]) -> Iterator[None]:
    """Processes that start in the block have these variables, and this one has them until its end.

    With ``TMPDIR`` they have their temporary files there: one that is killed removes none.
    """
    tempfile.gettempdir()  # this process keeps the answer that it gets now
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


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
