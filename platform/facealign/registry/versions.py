"""Versions and aliases of a registered model."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from facealign.config import UserError
from facealign.tracking.address import reaching

# The names under which versions of a registered model are used, and how they move.


CHAMPION = "champion"
"""The alias of the current version: ``models:/<name>@champion``."""

MODEL_URI = "model_uri"
"""The tag by which a version says which logged model it is; MLflow's databases do not keep it otherwise."""
CANDIDATE = "candidate"
"""The alias of the version that was evaluated for promotion last, whatever was decided."""

PREVIOUS = "previous"
"""The alias of the version that was current before: what ``facealign rollback`` goes back to."""

DECISION = "decision"
"""The tag with the gate's decision, or the user's, in words."""

WITHDRAWN = "withdrawn"
"""The tag of a version that a user took out of force: the gate does not put it back."""


def aliases(client: Any, name: str) -> dict[str, str]:
    """Alias → version, as they are now; none where there is no such model."""
    found = client.search_registered_models(f"name = '{name}'")
    return {alias: str(version) for alias, version in found[0].aliases.items()} if found else {}


def promote(client: Any, name: str, version: str, before: Mapping[str, str]) -> None:
    """Set the alias champion to ``version`` and previous to the one ``before``; call it inside ``alias_lock``."""
    # First what was: cut off in between, the champion is still the old one.
    if CHAMPION in before and before[CHAMPION] != version:
        client.set_registered_model_alias(name, PREVIOUS, before[CHAMPION])
    client.set_registered_model_alias(name, CHAMPION, version)


def now() -> str:
    """Return the current time for a tag."""
    return datetime.now(UTC).isoformat(timespec="seconds")


# Versions as users write them: ``models:/NAME@champion``, ``NAME/3``, ``NAME``.


_ADDRESS = re.compile(r"(?:models:/)?(?P<name>[\w.-]+)(?:@(?P<alias>[\w-]+)|/(?P<version>\d+))?")


def version_named(client: Any, address: str) -> Any:
    """The version that an address means; a name alone means its champion.

    Args:
        client: Of MLflow.

    Raises:
        UserError: It is no such address, or there is no such version.
    """
    found = _ADDRESS.fullmatch(address)
    if found is None:
        raise UserError(f"{address!r} names no model; write models:/NAME@champion, NAME@candidate, NAME/3 or NAME")
    name, version = found["name"], found["version"]
    known = versions_of(client, name)
    if version is None:
        alias = found["alias"] or CHAMPION
        named = aliases(client, name)
        if alias not in named:
            there = ", ".join(f"@{one} ({number})" for one, number in sorted(named.items())) or "none"
            raise UserError(f"{name} has no {alias}; its aliases: {there}; its versions: {', '.join(known)}")
        version = named[alias]
    if version not in known:
        raise UserError(f"{name} has no version {version}; it has {', '.join(known)}")
    return client.get_model_version(name, version)


def versions_of(client: Any, name: str) -> dict[str, Any]:
    """The versions of a registered model by number, the first first.

    Raises:
        UserError: There is no such model, or it has no version.
    """
    found = sorted(client.search_model_versions(f"name = '{name}'"), key=lambda one: int(one.version))
    if not found:
        models = ", ".join(sorted(model.name for model in client.search_registered_models())) or "none"
        raise UserError(f"no version of {name!r} is registered; registered models: {models}")
    return {str(version.version): version for version in found}


def versions(uri: str, name: str) -> list[dict[str, Any]]:
    """Describe each version, the newest first, as plain values; None where unknown.

    Args:
        uri: Of MLflow.
        name: Of the registered model.

    Raises:
        UserError: There is no such model, or MLflow does not answer.
    """
    with reaching(uri):
        from mlflow import MlflowClient

        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        known = versions_of(client, name)
        named = aliases(client, name)
    return [
        {
            "version": number,
            "aliases": sorted(alias for alias, other in named.items() if other == number),
            "method": version.tags.get("method"),
            "validation_nme": _number(version.tags.get("validation_nme")),
            "test_nme": _number(version.tags.get("gate.nme")),
            "decision": version.tags.get(DECISION),
            "withdrawn": version.tags.get(WITHDRAWN),
        }
        for number, version in reversed(known.items())
    ]


def _number(text: str | None) -> float | None:
    return None if text is None else float(text)
