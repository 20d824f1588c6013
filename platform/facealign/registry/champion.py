"""The best trained model becomes a version of the registered model, and its champion, with the reason kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from facealign.registry.decision import Candidate, Champion, best_of, decide
from facealign.tracking.address import reaching

CHAMPION = "champion"
"""The alias of the version in force: ``models:/<name>@champion``."""


@dataclass(frozen=True)
class Registered:
    """What became of the best candidate.

    Attributes:
        version: Its version; an earlier call's, if that registered the same model.
        promoted: Whether ``champion`` is on this version now.
        reason: The decision in words, with its figures; also in the version's tag ``decision``.
    """

    name: str
    version: str
    candidate: Candidate
    promoted: bool
    reason: str


def register_best(uri: str, name: str, candidates: Sequence[Candidate]) -> Registered:
    """Make the candidate with the lowest validation NME a version, and the champion unless that one is better.

    Calling again with the same candidates changes nothing.

    Args:
        uri: Of MLflow, as in a ``RunHandle``.
        name: Of the registered model: ``facealign-<dataset>``.
        candidates: At least one, all measured on the same data.

    Raises:
        UserError: There is no candidate, one has no finite figure, they were measured on different data, or MLflow
            does not answer.
    """
    best = best_of(candidates)
    with reaching(uri):
        from mlflow import MlflowClient

        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        champion = _champion(client, name)
        version = _version(client, name, best, len(candidates))
        promoted, reason = decide(best, version, champion)
        if champion is None or champion.version != version:
            client.set_model_version_tag(name, version, "decision", reason)
        if promoted:
            client.set_registered_model_alias(name, CHAMPION, version)
    return Registered(name, version, best, promoted, reason)


def _champion(client: Any, name: str) -> Champion | None:
    """The version that has the alias; None where there is no such version or no such model."""
    found = client.search_registered_models(f"name = '{name}'")
    version = found[0].aliases.get(CHAMPION) if found else None
    if not version:
        return None
    return Champion(str(version), client.get_model_version(name, version).tags)


def _version(client: Any, name: str, candidate: Candidate, compared: int) -> str:
    """The number of the candidate's version, which is made if there is none."""
    if not client.search_registered_models(f"name = '{name}'"):
        client.create_registered_model(
            name, description="Facial landmarks. The alias champion is the model to use."
        )
    for version in client.search_model_versions(f"name = '{name}'"):
        if version.tags.get("model_uri") == candidate.model_uri:
            return str(version.version)
    model = client.get_logged_model(candidate.model_uri.removeprefix("models:/"))
    made = client.create_model_version(
        name,
        # By its place: the registry would look a models:/ address up in the process's default store.
        source=model.artifact_location,
        run_id=candidate.run_id,
        model_id=model.model_id,
        tags=candidate.tags(),
        description=_description(candidate, compared),
    )
    return str(made.version)


def _description(candidate: Candidate, compared: int) -> str:
    return (
        f"{candidate.method}, the best of {compared} compared: validation NME {candidate.validation_nme:.5f} on "
        f"data {candidate.data_digest[:12]}. Configuration {candidate.config_hash[:12]}, commit "
        f"{candidate.git_commit[:12]}."
    )
