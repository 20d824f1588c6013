"""Which MLflow is meant, and how to say that it does not answer."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from facealign.config import UserError
from facealign.tracking.config import TrackingSettings

DEFAULT_URI = "sqlite:///mlflow.db"
_SCHEMES = ("sqlite", "http", "https", "postgresql", "mysql", "mssql")
_REFUSALS = ("INVALID_PARAMETER_VALUE", "BAD_REQUEST", "MALFORMED_REQUEST", "RESOURCE_DOES_NOT_EXIST", "NOT_FOUND")
_SQLITE = re.compile(r"(sqlite(?:\+\w+)?:///)(?P<path>[^?]+)")


def tracking_uri(settings: TrackingSettings) -> str:
    """The address in force, with the path of an SQLite file made absolute, so that it means the same everywhere.

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


def shown(uri: str) -> str:
    """The address as messages show it: without user name and password."""
    return re.sub(r"://[^/@]*@", "://", uri)


def is_refusal(error: Any) -> bool:
    """Whether an ``MlflowException`` says that asking again is of no use."""
    return error.error_code in _REFUSALS


@contextmanager
def reaching(uri: str) -> Iterator[None]:
    """Turn whatever keeps MLflow from answering into one message with a remedy.

    Raises:
        UserError: MLflow at ``uri`` did not answer, or not as asked.
    """
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, SQLAlchemyError, OSError) as error:
        if isinstance(error, MlflowException) and is_refusal(error):
            raise UserError(f"MLflow at {shown(uri)} refuses what it is asked: {error}") from error
        remedy = (
            "check that the file is a database of MLflow and can be written"
            if sqlite_path(uri)
            else "start the server (mlflow server --host …), mend its address (tracking.uri or "
            "MLFLOW_TRACKING_URI), or set tracking.enabled: false"
        )
        raise UserError(f"MLflow at {shown(uri)} does not answer; {remedy}. The cause: {error}") from error
