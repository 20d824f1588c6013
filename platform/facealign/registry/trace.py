"""The lineage of a registered version, as MLflow records it."""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from facealign.registry.register import SUBMISSION
from facealign.registry.versions import DECISION, MODEL_URI, WITHDRAWN, aliases, version_named
from facealign.tracking.address import reaching
from facealign.tracking.describe import CONFIG_FILE, PATCH_FILE

_DIGEST_TAG = "facealign.digest"


@dataclass(frozen=True, kw_only=True)
class Data:
    """The prepared faces that a run was trained on, as it said; ``faces`` by fold."""

    source: str | None
    landmarks: str | None
    digest: str | None
    place: str | None
    faces: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class RunInfo:
    """The run that made a model."""

    run_id: str
    name: str
    experiment: str
    status: str
    start: int
    end: int | None
    metrics: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Lineage:
    """A version and all that led to it; None where MLflow does not have it.

    Attributes:
        aliases: That the version has now.
        decision: Of the gate or of a user, in words.
        withdrawn: Why it was taken out of force.
        submission: Id of the Ray job that trained.
        study: Name of the search whose trial ``trial`` had these settings, faces and seed.
        commit: ``-dirty`` at its end where tracked files differed from it.
        patch: Those differences; empty where there are none, or they were not kept.
        settings: Of the training, as ``params.yaml`` has them.
        made: None where the version has no run.
    """

    name: str
    version: str
    aliases: tuple[str, ...]
    created: int
    method: str | None
    model_uri: str | None
    decision: str | None
    withdrawn: str | None
    made: RunInfo | None
    submission: str | None
    study: str | None
    trial: str | None
    config_hash: str | None
    commit: str | None
    patch: str = field(repr=False)
    data: Data
    settings: Mapping[str, Any] = field(repr=False)


def trace(uri: str, address: str) -> Lineage:
    """The chain of a version.

    Args:
        uri: Of MLflow.
        address: ``models:/NAME@champion``, ``NAME@candidate``, ``NAME/3``, ``NAME``.

    Raises:
        UserError: There is no such version, or MLflow does not answer.
    """
    with reaching(uri):
        from mlflow import MlflowClient

        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        version = version_named(client, address)
        run = client.get_run(version.run_id) if version.run_id else None
        files = _files(client, version.run_id) if run else {}
        made = _run_info(client, run) if run else None
        aliases_now = aliases(client, version.name)
    tags = {**version.tags, **(run.data.tags if run else {})}
    commit = tags.get("git_commit")
    return Lineage(
        name=version.name,
        version=str(version.version),
        aliases=tuple(sorted(alias for alias, number in aliases_now.items() if number == str(version.version))),
        created=int(version.creation_timestamp),
        method=tags.get("method"),
        model_uri=tags.get(MODEL_URI),
        decision=tags.get(DECISION),
        withdrawn=tags.get(WITHDRAWN),
        made=made,
        submission=tags.get(SUBMISSION),
        study=tags.get("study"),
        trial=tags.get("trial"),
        config_hash=tags.get("config_hash"),
        commit=commit,
        # A run that went on from another commit may have the patch of an earlier start.
        patch=files.get(PATCH_FILE, "") if (commit or "").endswith("-dirty") else "",
        data=_data(run, tags),
        settings=json.loads(files[CONFIG_FILE]) if CONFIG_FILE in files else {},
    )


def _files(client: Any, run_id: str) -> dict[str, str]:
    """List the run's artifacts that say how the model was made."""
    there = {file.path for file in client.list_artifacts(run_id)}
    with tempfile.TemporaryDirectory() as folder:
        return {
            name: _text(Path(client.download_artifacts(run_id, name, folder)))
            for name in (CONFIG_FILE, PATCH_FILE)
            if name in there
        }


def _text(path: Path) -> str:
    return path.read_bytes().decode(errors="surrogateescape")  # a patch may be of files in any coding


def _run_info(client: Any, run: Any) -> RunInfo:
    return RunInfo(
        run_id=run.info.run_id,
        name=run.info.run_name,
        experiment=client.get_experiment(run.info.experiment_id).name,
        status=run.info.status,
        start=int(run.info.start_time),
        end=run.info.end_time,
        metrics={
            key: value
            for key, value in run.data.metrics.items()
            if key in ("validation/best_nme", "test/nme", "mean_shape/nme")
        },
    )


def _data(run: Any | None, tags: Mapping[str, str]) -> Data:
    digest = tags.get("data_digest")
    inputs = run.inputs.dataset_inputs if run and run.inputs else []
    # A run that was begun on one version of the faces and again on another has both among its inputs.
    mine = [one for one in inputs if any(tag.key == _DIGEST_TAG and tag.value == digest for tag in one.tags)]
    place, faces = None, {}
    if mine:
        place = json.loads(mine[0].dataset.source).get("uri")
        faces = json.loads(mine[0].dataset.profile or "{}")
    return Data(
        source=tags.get("source"), landmarks=tags.get("landmarks"), digest=digest, place=place, faces=faces
    )
