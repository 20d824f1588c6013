"""Every node of the cluster asked the same question."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import ray
from ray.exceptions import GetTimeoutError, RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from facealign.config import UserError

_SECONDS = 300.0
"""For all nodes together; reading shards takes the longest."""

T = TypeVar("T")


@dataclass(frozen=True)
class Node:
    """A machine of the cluster; ``resources`` are all it has, free or not."""

    id: str
    name: str
    resources: Mapping[str, float]


@dataclass(frozen=True)
class Answers(Generic[T]):
    """By the node's name: what each said, and why each of the others said nothing."""

    given: dict[str, T]
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
            answers.given[name] = ray.get(task, timeout=0)
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
