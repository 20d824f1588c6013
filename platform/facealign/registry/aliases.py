"""The names under which versions of a registered model are used, and how they move."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

CHAMPION = "champion"
"""The alias of the version in force: ``models:/<name>@champion``."""

CANDIDATE = "candidate"
"""The alias of the version that came to the gate last, whatever was decided."""

PREVIOUS = "previous"
"""The alias of the version that was in force before: what ``facealign rollback`` goes back to."""

DECISION = "decision"
"""The tag with the gate's decision, or the user's, in words."""

WITHDRAWN = "withdrawn"
"""The tag of a version that a user took out of force: the gate does not put it back."""


def aliases(client: Any, name: str) -> dict[str, str]:
    """Alias → version, as they are now; none where there is no such model."""
    found = client.search_registered_models(f"name = '{name}'")
    return {alias: str(version) for alias, version in found[0].aliases.items()} if found else {}


def put_in_force(client: Any, name: str, version: str, before: Mapping[str, str]) -> None:
    """Let ``champion`` be ``version``, and ``previous`` what was champion ``before``. Call it in a ``turn``."""
    # First what was: cut off in between, the champion is still the old one.
    if CHAMPION in before and before[CHAMPION] != version:
        client.set_registered_model_alias(name, PREVIOUS, before[CHAMPION])
    client.set_registered_model_alias(name, CHAMPION, version)


def now() -> str:
    """This moment, for a tag."""
    return datetime.now(UTC).isoformat(timespec="seconds")
