"""One Ray cluster for all tests that need one, and an MLflow server that can be killed."""

import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from facealign.cluster.session import session
from tracking.conftest import Server


@pytest.fixture(scope="session")
def ray_cluster() -> Iterator[None]:
    with session(None):
        yield


@pytest.fixture
def mlflow_server(tmp_path_factory) -> Iterator[Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Server(tmp_path_factory.mktemp("server"), port)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def temporary(tmp_path_factory, monkeypatch):
    """Ray's folder for this test alone; a short name, for its sockets."""
    folder = Path(tempfile.mkdtemp(prefix="fa", dir="/tmp"))
    monkeypatch.setenv("RAY_TMPDIR", str(folder))
    yield folder
    left = {path.name for path in folder.iterdir()}
    assert left == {"lock"}
    (folder / "lock").unlink()
    folder.rmdir()
