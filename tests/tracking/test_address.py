import pytest

from facealign.config import UserError
from facealign.tracking import TrackingSettings, tracking_uri
from facealign.tracking.address import shown, sqlite_path


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


def test_passwords_are_not_shown():
    assert shown("https://me:secret@host/x") == "https://host/x"
    assert shown("http://host/a@b") == "http://host/a@b"


def test_sqlite_path():
    assert str(sqlite_path("sqlite:////var/a.db?timeout=5")) == "/var/a.db"
    assert sqlite_path("http://host:5000") is None
