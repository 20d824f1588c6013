"""A lock on a model's aliases, so that one process at a time moves them; MLflow has no compare-and-set.

Each writes a tag of its own onto the registered model, and then reads them all (Dekker's flags): of two at once,
the one whose tag came later sees the other's. Who sees another's takes its own away, and tries again after a
random while. What a killed process left lapses.
"""

import random
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from facealign.config import UserError

CLAIM = "facealign.turn."
"""Prefix of the tag of the process that holds the lock; its value is the time in seconds since 1970."""

LAPSE = 300.0
"""Seconds after which a turn is taken to be a killed process's; one takes a second or two."""


@contextmanager
def alias_lock(client: Any, name: str, patience: float = 60.0) -> Iterator[None]:
    """Be the only one that moves the aliases of a registered model.

    Args:
        client: Of MLflow.
        name: Of the model, which exists.
        patience: Seconds to wait for others.

    Raises:
        UserError: Others did not end in that time.
    """
    mine = f"{CLAIM}{uuid.uuid4().hex}"
    deadline = time.monotonic() + patience
    try:
        while others := _claimed(client, name, mine):
            client.delete_registered_model_tag(name, mine)
            if time.monotonic() > deadline:
                raise UserError(
                    f"another process has been moving the aliases of {name} for {patience:.0f} s; try again. If "
                    f"it was killed, delete the model's tag {others[0]}; it lapses after {LAPSE:.0f} s"
                )
            time.sleep(random.uniform(0.05, 0.5))
        yield
    finally:
        client.delete_registered_model_tag(name, mine)


def _claimed(client: Any, name: str, mine: str) -> list[str]:
    """Write this process's claim; return the claims of all processes."""
    now = time.time()
    client.set_registered_model_tag(name, mine, repr(now))
    tags = client.get_registered_model(name).tags
    others = {key: now - float(at) for key, at in tags.items() if key.startswith(CLAIM) and key != mine}
    for key, age in others.items():
        if age >= LAPSE:
            client.delete_registered_model_tag(name, key)
    return [key for key, age in others.items() if age < LAPSE]
