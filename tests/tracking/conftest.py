"""An MLflow in an SQLite file, and a server of it that can be killed; both real."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from facealign.tracking import TrackingSettings


def with_facealign() -> dict[str, str]:
    """The environment of a process that is to find the package."""
    return {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2] / "platform")}


@pytest.fixture(autouse=True)
def _no_address_from_outside(monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


@pytest.fixture(scope="session")
def store(tmp_path_factory) -> TrackingSettings:
    """One SQLite store for all tests: making one takes a second."""
    return TrackingSettings(uri=f"sqlite:///{tmp_path_factory.mktemp('store')}/mlflow.db")


@dataclass
class Server:
    """A real MLflow server over an SQLite file."""

    folder: Path
    port: int
    process: subprocess.Popen | None = field(default=None)

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port)]
        command += ["--workers", "1", "--backend-store-uri", f"sqlite:///{self.folder}/mlflow.db"]
        command += ["--artifacts-destination", str(self.folder / "artifacts")]
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, cwd=self.folder, start_new_session=True, env=os.environ.copy()
            )
        deadline = time.monotonic() + 180
        while not self._answers():
            dead = self.process.poll() is not None or time.monotonic() > deadline
            assert not dead, (self.folder / "server.log").read_text()
            time.sleep(0.1)

    def kill(self) -> None:
        """As a power cut would: the server and its workers, by the process group that was started here."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.uri}/health", timeout=1) as answer:
                return answer.status == 200
        except OSError:
            return False


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Server(tmp_path_factory.mktemp("server"), port)
    server.start()
    yield server
    server.kill()
