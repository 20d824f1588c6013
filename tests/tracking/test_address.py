import socket
import threading
from contextlib import contextmanager

import pytest

from facealign.config import UserError
from facealign.tracking import TrackingSettings, tracking_uri
from facealign.tracking.address import Away, check_answers, shown, sqlite_path


def test_the_default_is_a_file_here_whoever_asks_later(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert tracking_uri(TrackingSettings()) == f"sqlite:///{tmp_path}/mlflow.db"


@pytest.mark.parametrize(
    ("uri", "meant"),
    [
        ("sqlite:///runs/a.db", "sqlite:///{here}/runs/a.db"),
        ("sqlite:////var/a.db?timeout=5", "sqlite:////var/a.db?timeout=5"),
        ("http://host:5000", "http://host:5000"),
        ("postgresql+psycopg2://u:p@host/db", "postgresql+psycopg2://u:p@host/db"),
    ],
)
def test_only_relative_files_are_rewritten(uri, meant, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert tracking_uri(TrackingSettings(uri=uri)) == meant.format(here=tmp_path)


def test_the_environment_goes_first(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://elsewhere:5000")
    assert tracking_uri(TrackingSettings(uri="http://host:5000")) == "http://elsewhere:5000"


@pytest.mark.parametrize("uri", ["mlruns", "file:///tmp/mlruns", "host:5000"])
def test_what_is_no_server_and_no_database_is_refused(uri):
    with pytest.raises(UserError, match=f"{uri}.*write http://host:5000"):
        tracking_uri(TrackingSettings(uri=uri))


@contextmanager
def _answering(answer):
    """Someone listens, and says these bytes to whoever comes."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def speak():
            client, _ = server.accept()
            with client:
                client.recv(1000)
                client.sendall(answer)

        thread = threading.Thread(target=speak)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join()


@pytest.mark.parametrize("status", ["200 OK", "401 Unauthorized", "503 Service Unavailable"])
def test_whoever_answers_is_there(status):
    with _answering(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode()) as uri:
        check_answers(uri)


def test_what_speaks_no_http_is_reported_at_once():
    with _answering(b"SSH-2.0-OpenSSH_9.2\r\n") as uri, pytest.raises(UserError, match="is not an MLflow server"):
        check_answers(uri)


def test_a_name_that_no_machine_has_is_reported_at_once():
    with pytest.raises(UserError, match=r"no machine has the name in http://mlfow.invalid:5000 .*uri") as told:
        check_answers("http://me:secret@mlfow.invalid:5000")
    assert not isinstance(told.value, Away)


def test_nobody_there_is_away():
    with pytest.raises(Away, match=r"127.0.0.1:9 does not answer; start the server"):
        check_answers("http://127.0.0.1:9")


def test_passwords_are_not_shown():
    assert shown("https://me:secret@host/x") == "https://host/x"
    assert shown("http://host/a@b") == "http://host/a@b"


def test_sqlite_path():
    assert str(sqlite_path("sqlite:////var/a.db?timeout=5")) == "/var/a.db"
    assert sqlite_path("http://host:5000") is None
