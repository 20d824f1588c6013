"""Another version is promoted by hand: the one before, or any."""

from dataclasses import dataclass

from facealign.config import UserError
from facealign.registry.alias_lock import alias_lock
from facealign.registry.versions import (
    CHAMPION,
    DECISION,
    PREVIOUS,
    WITHDRAWN,
    aliases,
    now,
    promote,
    versions_of,
)
from facealign.tracking.address import reaching


@dataclass(frozen=True)
class RolledBack:
    """The current and the former champion; None where there was none."""

    name: str
    version: str
    before: str | None


def roll_back(uri: str, name: str, reason: str, to: str | None = None) -> RolledBack:
    """Promote the previous champion again, or any version.

    The version that goes keeps reason and time in its tag ``withdrawn``: the gate does not promote it again.
    The one that comes has them in its tag ``decision``.

    Args:
        uri: Of MLflow.
        name: Of the registered model.
        reason: In the user's words.
        to: Number of a version; None: the one with the alias ``previous``.

    Raises:
        UserError: There is no such model or version, no previous one, it is the champion already, no reason is
            given, or MLflow does not answer.
    """
    if not reason.strip():
        raise UserError("say why with --reason: it is kept with both versions")
    with reaching(uri):
        from mlflow import MlflowClient

        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        known = versions_of(client, name)
        with alias_lock(client, name):
            before = aliases(client, name)
            champion, version = before.get(CHAMPION), to or before.get(PREVIOUS)
            if version is None:
                raise UserError(f"{name} has no previous champion; name a version with --to: {', '.join(known)}")
            if version not in known:
                raise UserError(f"{name} has no version {version}; it has {', '.join(known)}")
            if version == champion:
                raise UserError(f"version {version} of {name} is the champion already; nothing was changed")
            at = now()
            if champion is not None:
                client.set_model_version_tag(name, champion, WITHDRAWN, f"{at}, for version {version}: {reason}")
            if WITHDRAWN in known[version].tags:
                client.delete_model_version_tag(name, version, WITHDRAWN)
            instead = f" in place of version {champion}" if champion else ""
            client.set_model_version_tag(name, version, DECISION, f"promoted by hand at {at}{instead}: {reason}")
            promote(client, name, version, before)
    return RolledBack(name, version, champion)
