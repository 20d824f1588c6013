"""Versions as users write them: ``models:/NAME@champion``, ``NAME/3``, ``NAME``."""

import re
from typing import Any

from facealign.config import UserError
from facealign.registry.aliases import CHAMPION, aliases

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
