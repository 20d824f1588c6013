"""The best trained model becomes a version of the registered model, and its champion if it passes the gate."""

import json
import math
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from facealign.config import UserError
from facealign.evaluation.face_predictions import FacePredictions
from facealign.registry.alias_lock import alias_lock
from facealign.registry.champion import Measuring, keep_measured
from facealign.registry.config import GateLimits
from facealign.registry.decision import Decision
from facealign.registry.gate import GateOutcome, judge
from facealign.registry.versions import (
    CANDIDATE,
    CHAMPION,
    DECISION,
    MODEL_URI,
    WITHDRAWN,
    aliases,
    now,
    promote,
)
from facealign.tracking.address import reaching
from facealign.tracking.handles import PARENT

# A trained and measured model that may become a version, and which of several is best.


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A published model that may become a version.

    Attributes:
        model_uri: ``models:/m-…``, as ``log_model`` gave it.
        validation_nme: A fraction of the normalizer; lower is better.
        data_digest: Of the shards it was trained and measured on. Metrics on other data do not compare.
        measured: What it found on the faces of the test fold: a file of ``FacePredictions``.
    """

    method: str
    run_id: str
    model_uri: str
    validation_nme: float
    data_digest: str
    config_hash: str
    git_commit: str
    measured: Path

    @property
    def model_id(self) -> str:
        """``m-…``."""
        return self.model_uri.removeprefix("models:/")

    def tags(self) -> dict[str, str]:
        """The labels of its version."""
        return {
            "method": self.method,
            MODEL_URI: self.model_uri,
            "validation_nme": repr(self.validation_nme),
            "data_digest": self.data_digest,
            "config_hash": self.config_hash,
            "git_commit": self.git_commit,
        }


def best_of(candidates: Sequence[Candidate]) -> Candidate:
    """The candidate with the lowest validation NME; the first of equals.

    Raises:
        UserError: There is none, one has no finite metric, or they were measured on different data.
    """
    if not candidates:
        raise UserError("there is no model to register; train at least one method first")
    for candidate in candidates:
        if not math.isfinite(candidate.validation_nme):
            raise UserError(
                f"{candidate.method} (run {candidate.run_id}) has a validation NME of {candidate.validation_nme}; "
                "leave it out, or train it again"
            )
    if len({candidate.data_digest for candidate in candidates}) > 1:
        listed = ", ".join(f"{c.method} on {c.data_digest[:12]}" for c in candidates)
        raise UserError(
            f"the models were measured on different data ({listed}); train them again on the present data"
        )
    return min(candidates, key=lambda candidate: candidate.validation_nme)


# What MLflow knows of how a training came about: the job that ran it, and the search its settings came from.


SUBMISSION = "submission"
"""The tag with the id of the Ray job that trained; a training outside a job has none."""


def ancestry(client: Any, run_id: str, config_hash: str) -> dict[str, str]:
    """Tags ``submission`` of the job, and ``study``, ``trial`` and ``trial_run`` of the search; those there are.

    A trial and a training with one configuration hash are the same training (settings, faces and seed), so nothing
    has to be carried from a search's ``best.yaml`` to the training.
    """
    run = client.get_run(run_id)
    found = {SUBMISSION: run.data.tags[SUBMISSION]} if SUBMISSION in run.data.tags else {}
    trials = client.search_runs(
        [run.info.experiment_id],
        f"tags.config_hash = '{config_hash}' AND tags.trial LIKE '%'",
        order_by=["attributes.start_time ASC"],
        max_results=1,
    )
    for trial in trials:
        found |= {"trial": trial.data.tags["trial"], "trial_run": trial.info.run_id}
        if (parent := trial.data.tags.get(PARENT)) is not None:
            search = client.get_run(parent).data.tags
            found |= {"study": search["study"]} if "study" in search else {}
    return found


ARTIFACTS = "gate"
"""Folder of the run with the gate's decisions, whole."""


@dataclass(frozen=True)
class Registered:
    """The registered version of the best candidate, and the gate's outcome.

    Attributes:
        version: Its version; an earlier call's, if that registered the same model.
        promoted: Whether ``champion`` is on this version now.
        reason: The decision in words, with its metrics; also in the version's tag ``decision``.
        decision: All metrics of the gate; None where nothing was compared.
    """

    name: str
    version: str
    candidate: Candidate
    promoted: bool
    reason: str
    decision: Decision | None = None

    def metrics(self) -> dict[str, Any]:
        """The decision as plain values."""
        return {} if self.decision is None else as_plain(self.decision)


def register_best(
    uri: str, name: str, candidates: Sequence[Candidate], measuring: Measuring, limits: GateLimits
) -> Registered:
    """Make the candidate with the lowest validation NME a version, and the champion if it passes the gate.

    Calling again with the same candidates and the same champion changes nothing. Where another version is put in
    force while this one is compared, it is compared with that one.

    Args:
        uri: Of MLflow, as in a ``RunHandle``.
        name: Of the registered model: ``facealign-<dataset>``.
        candidates: At least one, all measured on the same data.
        measuring: How errors are taken.
        limits: Of the gate.

    Raises:
        UserError: There is no candidate, one has no finite metric, they were measured on different data, the
            champion's model cannot be loaded, or MLflow does not answer.
    """
    best = best_of(candidates)
    faces = FacePredictions.read(best.measured)
    if faces.data_digest != best.data_digest:
        raise UserError(
            f"{best.measured}: {best.method} was trained on data {best.data_digest[:12]} and measured on "
            f"{faces.data_digest[:12]}; train and evaluate it on the present data"
        )
    with reaching(uri):
        from mlflow import MlflowClient

        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        version = _version(client, name, best)
        client.set_registered_model_alias(name, CANDIDATE, version)
        keep_measured(client, best.run_id, best.model_id, faces)
        withdrawn = client.get_model_version(name, version).tags.get(WITHDRAWN)
        while True:
            before = aliases(client, name)
            champion = before.get(CHAMPION)
            if champion == version:
                said = client.get_model_version(name, version).tags.get(DECISION, "by hand")
                return Registered(name, version, best, True, f"champion already, {said}")
            if withdrawn:
                reason = f"not compared, because it was withdrawn: {withdrawn}"
                return Registered(name, version, best, False, reason)
            rival = client.get_model_version(name, champion) if champion else None
            outcome = judge(client, uri, rival, faces, measuring, limits)
            if _decided(client, name, version, champion, best, outcome, len(candidates)):
                return Registered(name, version, best, outcome.promoted, outcome.reason, outcome.decision)


def _decided(
    client: Any,
    name: str,
    version: str,
    champion: str | None,
    candidate: Candidate,
    outcome: GateOutcome,
    compared: int,
) -> bool:
    """Keep a decision with its version and let it take effect; not if the champion is another one by now."""
    with alias_lock(client, name):
        before = aliases(client, name)
        if before.get(CHAMPION) != champion:
            return False
        _write_tags(client, name, version, candidate, outcome, compared)
        if outcome.promoted:
            promote(client, name, version, before)
    return True


def _version(client: Any, name: str, candidate: Candidate) -> str:
    """The number of the candidate's version, which is made if there is none."""
    if not client.search_registered_models(f"name = '{name}'"):
        client.create_registered_model(
            name,
            description="Facial landmarks. The alias champion is the model to use; previous was it before; "
            "candidate was evaluated for promotion last.",
        )
    for version in client.search_model_versions(f"name = '{name}'"):
        if version.tags.get(MODEL_URI) == candidate.model_uri:
            return str(version.version)
    model = client.get_logged_model(candidate.model_id)
    made = client.create_model_version(
        name,
        # By its place: the registry would look a models:/ address up in the process's default store.
        source=model.artifact_location,
        run_id=candidate.run_id,
        model_id=model.model_id,
        tags={**ancestry(client, candidate.run_id, candidate.config_hash), **candidate.tags()},
    )
    return str(made.version)


def _write_tags(
    client: Any, name: str, version: str, candidate: Candidate, outcome: GateOutcome, compared: int
) -> None:
    """Put a decision into the version's description and tags, and whole into its run."""
    tags = client.get_model_version(name, version).tags
    if tags.get(DECISION) == outcome.reason:
        return
    tags = {DECISION: outcome.reason, "gate.rival": outcome.rival, "gate.at": now()}
    if (decision := outcome.decision) is not None:
        nme, failures = decision.comparisons[:2]
        metrics = {
            "rule": decision.rule,
            "faces": nme.faces,
            "photos": nme.photos,
            "level": decision.limits.level,
            "nme": nme.candidate,
            "rival_nme": nme.rival,
            "nme_low": nme.low,
            "nme_high": nme.high,
            "p": nme.p,
            "failure_rate": failures.candidate,
            "rival_failure_rate": failures.rival,
            "worse": ", ".join(one.set for one in decision.worse),
        }
        tags |= {f"gate.{key}": str(value) for key, value in metrics.items()}
        _keep(client, candidate.run_id, f"version-{version}.json", {"rival": outcome.rival, **as_plain(decision)})
    client.update_model_version(name, version, _description(candidate, outcome, compared))
    for key, value in tags.items():
        if key != DECISION:
            client.set_model_version_tag(name, version, key, value)
    client.set_model_version_tag(name, version, DECISION, outcome.reason)  # last: what has it has all


def as_plain(decision: Decision) -> dict[str, Any]:
    """A decision as JSON takes it."""
    return {**asdict(decision), "promoted": decision.promoted, "limits": decision.limits.model_dump(mode="json")}


def _keep(client: Any, run_id: str, file: str, content: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / file
        path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        client.log_artifact(run_id, str(path), ARTIFACTS)


def _description(candidate: Candidate, outcome: GateOutcome, compared: int) -> str:
    return (
        f"{candidate.method}, the best of {compared} compared: validation NME {candidate.validation_nme:.5f} on "
        f"data {candidate.data_digest[:12]}. Configuration {candidate.config_hash[:12]}, commit "
        f"{candidate.git_commit[:12]}.\n\n{outcome.reason[:1].upper()}{outcome.reason[1:]}.\n\n{outcome.table}"
    ).rstrip()
