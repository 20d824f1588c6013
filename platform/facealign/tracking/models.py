"""The files of a model that MLflow has."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from facealign.config import UserError
from facealign.tracking.address import reaching, tracking_uri
from facealign.tracking.config import TrackingSettings


@contextmanager
def fetched_model(address: str, uri: str | None = None) -> Iterator[Path]:
    """The folder of a model, with ``MLmodel`` in it, for as long as the block lasts.

    Args:
        address: ``models:/NAME@ALIAS``, ``models:/NAME/VERSION`` or ``models:/m-…``.
        uri: Of MLflow; None: see ``tracking_uri``.

    Raises:
        UserError: There is no such model, or MLflow does not answer.
    """
    uri = tracking_uri(TrackingSettings(uri=uri)) if uri is None else uri
    with tempfile.TemporaryDirectory() as folder:
        with reaching(uri):
            from mlflow.artifacts import download_artifacts

            place = _place(address, uri)
            found = download_artifacts(place, dst_path=folder, tracking_uri=uri)
        yield Path(found)


def _place(address: str, uri: str) -> str:
    """Return the URI of a version's files, as the registry has it."""
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    name = address.removeprefix("models:/")
    if name.startswith("m-") and "/" not in name and "@" not in name:
        return str(client.get_logged_model(name).artifact_location)
    name, alias, version = _parts(name)
    number = client.get_model_version_by_alias(name, alias).version if alias else version
    return str(client.get_model_version_download_uri(name, str(number)))


def _parts(name: str) -> tuple[str, str, str]:
    """Name, alias, version; one of the last two is empty."""
    for mark in "@/":
        before, found, after = name.rpartition(mark)
        if found and before and after:
            return (before, after, "") if mark == "@" else (before, "", after)
    raise UserError(f"models:/{name}: write models:/NAME@ALIAS, such as @champion, or models:/NAME/VERSION")
