"""Which MLflow is meant, and how to say that it does not answer."""

import http.client
import os
import re
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from facealign.config import UserError
from facealign.tracking.config import TrackingSettings

DEFAULT_URI = "sqlite:///mlflow.db"
_SCHEMES = ("sqlite", "http", "https", "postgresql", "mysql", "mssql")
_REFUSALS = ("INVALID_PARAMETER_VALUE", "BAD_REQUEST", "MALFORMED_REQUEST", "RESOURCE_DOES_NOT_EXIST", "NOT_FOUND")
_NOT_FOR_US = ("ENDPOINT_NOT_FOUND", "UNAUTHENTICATED", "PERMISSION_DENIED")
_SQLITE = re.compile(r"(sqlite(?:\+\w+)?:///)(?P<path>[^?]+)")
_HEALTH_SECONDS = 5.0


class Away(UserError):
    """MLflow does not answer now; it may later."""


def tracking_uri(settings: TrackingSettings) -> str:
    """The tracking URI, with the path of an SQLite file made absolute, so that it means the same everywhere.

    Raises:
        UserError: It is not the address of an MLflow server or database.
    """
    uri = os.environ.get("MLFLOW_TRACKING_URI") or settings.uri or DEFAULT_URI
    scheme = uri.split("://")[0].split("+")[0]
    if "://" not in uri or scheme not in _SCHEMES:
        raise UserError(
            f"tracking.uri (or MLFLOW_TRACKING_URI) is {uri!r}; runs are kept by a server or a database: write "
            f"http://host:5000, or {DEFAULT_URI}"
        )
    found = _SQLITE.match(uri)
    return f"{found[1]}{Path(found['path']).resolve()}{uri[found.end() :]}" if found else uri


def sqlite_path(uri: str) -> Path | None:
    """The file behind an address; None where the address is no SQLite file."""
    found = _SQLITE.match(uri)
    return Path(found["path"]) if found else None


def is_server(uri: str) -> bool:
    """Whether the address is a server's; else it is a database's."""
    return uri.startswith(("http://", "https://"))


def shown(uri: str) -> str:
    """The address as messages show it: without user name and password."""
    return re.sub(r"://[^/@]*@", "://", uri)


def is_refusal(error: Any) -> bool:
    """Whether an ``MlflowException`` says that asking again is not useful."""
    return error.error_code in _REFUSALS


def check_answers(uri: str) -> None:
    """Ask a server for its health: seconds, where MLflow's client with its timeouts may take minutes.

    Raises:
        Away: Nothing answers there now.
        UserError: Nothing ever will: there is no machine of that name, or what answers there speaks no HTTP.
    """
    if not is_server(uri):
        return
    try:
        urllib.request.urlopen(f"{shown(uri).rstrip('/')}/health", timeout=_HEALTH_SECONDS).close()
    except urllib.error.HTTPError as answer:
        answer.close()  # something answers; what it thinks of us, MLflow's client will find out
    except http.client.HTTPException as error:
        raise UserError(f"{shown(uri)} is not an MLflow server ({error!r}); fix {_SETTING}") from error
    except OSError as error:
        cause = getattr(error, "reason", error)
        if isinstance(cause, socket.gaierror):
            raise UserError(f"no machine has the name in {shown(uri)} ({cause}); fix {_SETTING}") from error
        if not isinstance(cause, ssl.SSLError):  # the trusted certificate is set in MLflow's client alone
            raise Away(_away(uri, cause)) from error


@contextmanager
def reaching(uri: str) -> Iterator[None]:
    """Turn whatever keeps MLflow from answering into one message with a remedy.

    Raises:
        Away: MLflow at ``uri`` did not answer.
        UserError: It answered, but not as asked.
    """
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, SQLAlchemyError, OSError) as error:
        if isinstance(error, MlflowException) and is_refusal(error):
            raise UserError(f"MLflow at {shown(uri)} refuses what it is asked: {error}") from error
        if isinstance(error, MlflowException) and error.error_code in _NOT_FOR_US:
            raise UserError(
                f"{shown(uri)} answers, but not as an MLflow server that knows us; fix {_SETTING}, or set "
                f"MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD. It says: {error}"
            ) from error
        raise Away(_away(uri, error)) from error


_SETTING = "the address (tracking.uri or MLFLOW_TRACKING_URI)"


def _away(uri: str, cause: BaseException) -> str:
    remedy = (
        "check that the file is a database of MLflow and can be written"
        if sqlite_path(uri)
        else f"start the server (mlflow server --host …), fix {_SETTING}, or set tracking.enabled: false"
    )
    return f"MLflow at {shown(uri)} does not answer; {remedy}. The cause: {cause}"
