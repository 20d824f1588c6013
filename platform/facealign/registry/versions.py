"""All versions of a registered model, at a glance."""

from typing import Any

from facealign.registry.aliases import DECISION, WITHDRAWN, aliases
from facealign.registry.names import versions_of
from facealign.tracking.address import reaching


def versions(uri: str, name: str) -> list[dict[str, Any]]:
    """What each version is, the newest first, as plain values; None where it does not say.

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
