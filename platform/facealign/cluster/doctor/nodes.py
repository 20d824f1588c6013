"""Calls a function on every node of the cluster."""

import os
import socket
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import ray
from ray.exceptions import AuthenticationError, GetTimeoutError, RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from facealign.cluster.doctor.check import Finding
from facealign.cluster.session import session
from facealign.config import UserError

_SECONDS = 300.0
"""Seconds that all nodes together may take; reading shards takes the longest."""

T = TypeVar("T")


@dataclass(frozen=True)
class Node:
    """A machine of the cluster; ``resources`` are all it has, free or not."""

    id: str
    name: str
    resources: Mapping[str, float]


@dataclass(frozen=True)
class Answers(Generic[T]):
    """The results by the node's name, and the failures of the nodes without a result."""

    results: dict[str, T]
    refused: dict[str, str]


def alive() -> list[Node]:
    """The nodes that are up, sorted by name. Where several have one name, a part of the id follows it."""
    found = [node for node in ray.nodes() if node["Alive"]]
    names = Counter(node["NodeName"] for node in found)
    nodes = [
        Node(
            id=node["NodeID"],
            name=node["NodeName"] + (f"#{node['NodeID'][:4]}" if names[node["NodeName"]] > 1 else ""),
            resources=node["Resources"],
        )
        for node in found
    ]
    return sorted(nodes, key=lambda node: node.name)


def ask(function: Callable[..., T], *arguments: Any) -> Answers[T]:
    """Run ``function(*arguments)`` on every node, at once."""
    return ask_each(function, {node.name: arguments for node in alive()})


def ask_each(function: Callable[..., T], arguments: Mapping[str, Sequence[Any]]) -> Answers[T]:
    """Run ``function`` on the nodes named, each with arguments of its own."""
    remote = ray.remote(function)
    tasks = {
        node.name: remote.options(
            num_cpus=0,
            max_retries=0,
            scheduling_strategy=NodeAffinitySchedulingStrategy(node.id, soft=False),
        ).remote(*arguments[node.name])
        for node in alive()
        if node.name in arguments
    }
    ray.wait(list(tasks.values()), num_returns=len(tasks), timeout=_SECONDS)
    answers: Answers[T] = Answers({}, {})
    for name, task in tasks.items():
        try:
            answers.results[name] = ray.get(task, timeout=0)
        except GetTimeoutError:
            answers.refused[name] = f"no answer within {_SECONDS:.0f} s"
        except RayTaskError as error:
            kind = "" if isinstance(error.cause, UserError) else f"{type(error.cause).__name__}: "
            answers.refused[name] = f"{kind}{error.cause}"
        except RayError as error:
            answers.refused[name] = " ".join(str(error).split())
    return answers


def listed(by_node: Mapping[str, object]) -> str:
    """``node: what; node: what``."""
    return "; ".join(f"{name}: {what}" for name, what in by_node.items())


# Does the cluster answer, and does it take this process for one of its own?


_CONNECT_SECONDS = 5.0
"""Seconds to wait for a connection; Ray itself would wait for minutes."""


def reach(address: str | None, stack: ExitStack) -> Finding:
    """Connect until ``stack`` closes; a local cluster is started where no address is named.

    Args:
        address: Of a running cluster; None takes ``RAY_ADDRESS``, and failing that a cluster on this machine.
        stack: Keeps the connection.
    """
    address = address or os.environ.get("RAY_ADDRESS")
    if address is not None and (obstacle := _obstacle(address)) is not None:
        return obstacle
    try:
        stack.enter_context(session(address))
    except AuthenticationError:
        return Finding(
            "failed",
            f"{address} asks for a token, and this machine has none",
            "copy the cluster's into ~/.ray/auth_token (mode 600), or name its file in RAY_AUTH_TOKEN_PATH",
        )
    except UserError:
        return Finding(
            "failed",
            f"something listens at {address}, but does not take this process for one of its own",
            "the token here is another than the cluster's (`ray get-auth-token` shows it), one of the two has "
            "RAY_AUTH_MODE=disabled, or it is not Ray's GCS port (6379, not the dashboard's 8265)",
        )
    except RuntimeError as error:
        found = " ".join(str(error).split())
        return Finding(
            "failed", found, "run the same Python and Ray on all sides: `pip install -c constraints.txt`"
        )
    nodes = alive()
    cpus, gpus = (round(sum(node.resources.get(kind, 0) for node in nodes)) for kind in ("CPU", "GPU"))
    names = ", ".join(node.name for node in nodes)
    return Finding("ok", f"{address or 'a local cluster'}: {cpus} CPUs and {gpus} GPUs on {names}")


def _obstacle(address: str) -> Finding | None:
    """Return why this process cannot reach the cluster, or None."""
    if "://" in address:
        return Finding(
            "failed",
            f"{address} is no address that a training can use",
            "submit it as a job (`ray job submit`), or run on a node of the cluster with host:6379",
        )
    host, _, port = address.rpartition(":")
    if not port.isdigit():  # `auto` and `local`
        return None
    try:
        socket.create_connection((host.strip("[]"), int(port)), _CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        return Finding(
            "failed",
            f"nothing answers at {address}: {error}",
            "start the head with `ray start --head`, let the firewall pass port and node, or fix cluster.address "
            "(or RAY_ADDRESS)",
        )
    return None
