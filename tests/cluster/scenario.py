"""A training over several nodes, with a fault: ``python scenario.py SPEC``, inside namespaces of its own.

SPEC is a JSON file: ``folder``, ``nodes`` (how many), ``fault`` (a name below), ``at`` (the step at which it
comes, or soon after), ``driver`` (what ``driver.py`` is told) and ``environment``. The exit status is the last
driver's.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from cluster.nodes import Node, nodes

_DRIVER = Path(__file__).with_name("driver.py")


class Scenario:
    """The nodes, and the driver on the first of them."""

    def __init__(self, machines: list[Node], folder: Path) -> None:
        self.machines, self.folder = machines, folder
        self.driver = self.start_driver()

    def start_driver(self) -> subprocess.Popen[bytes]:
        with (self.folder / "driver.log").open("ab") as log:
            command = [sys.executable, str(_DRIVER), str(self.folder / "driver.json")]
            return self.machines[0].run(command, stdout=log, stderr=log, cwd=self.folder)

    def events(self) -> list[dict[str, Any]]:
        path = self.folder / "events.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def working_node(self) -> Node:
        """A node with a worker of the training, and not the head, whose loss no cluster survives."""
        return next(node for node in self.machines[1:] if _has_worker(node))

    def wait_until(self, arrived: Callable[[list[dict[str, Any]]], bool]) -> None:
        while not arrived(self.events()):
            assert self.driver.poll() is None, "the driver ended before the fault could be injected"
            time.sleep(0.1)


def undisturbed(scenario: Scenario) -> None:
    """No fault."""


def node_lost(scenario: Scenario) -> None:
    """A node's power fails."""
    _switch_off(scenario.working_node())


def node_told_to_go(scenario: Scenario) -> None:
    """SIGTERM to ``ray start``, as a machine or a container that is taken away gets it."""
    scenario.working_node().ray.terminate()


def node_cut_off(scenario: Scenario) -> None:
    """A node's network cable is pulled."""
    scenario.working_node().cut()


def driver_killed(scenario: Scenario) -> None:
    """SIGKILL to the driver, and the same command again."""
    # The driver is the child of `ip netns exec`, or has taken its place.
    driver = psutil.Process(scenario.driver.pid)
    for process in [*driver.children(), driver]:
        process.kill()
    scenario.driver.wait()
    scenario.driver = scenario.start_driver()


def node_lost_and_another_comes(scenario: Scenario) -> None:
    """A node's power fails; when the training goes on without it, it comes back. Then the driver stops."""
    node = scenario.working_node()
    _switch_off(node)
    scenario.wait_until(lambda events: [event["kind"] for event in events].count("resize") == 1)
    node.start_ray(scenario.machines[0], cpus=1)
    scenario.wait_until(lambda events: [event["kind"] for event in events].count("resize") == 2)
    scenario.driver.terminate()


def _switch_off(node: Node) -> None:
    for process in _family(node):
        process.kill()


def _has_worker(node: Node) -> bool:
    return any(" ".join(process.cmdline()).startswith("ray::RayTrainWorker") for process in _family(node))


def _family(node: Node) -> list[psutil.Process]:
    """The node's ``ray start``, and all that it has started."""
    ray = psutil.Process(node.ray.pid)
    return [*ray.children(recursive=True), ray]


FAULTS = {
    fault.__name__: fault
    for fault in (
        undisturbed,
        node_lost,
        node_told_to_go,
        node_cut_off,
        driver_killed,
        node_lost_and_another_comes,
    )
}


def main(spec: dict[str, Any]) -> int:
    folder = Path(spec["folder"])
    with nodes(spec["nodes"], folder, environment=spec["environment"]) as machines:
        spec["driver"]["config"]["address"] = machines[0].gcs_address
        (folder / "driver.json").write_text(json.dumps(spec["driver"]))
        scenario = Scenario(machines, folder)
        scenario.wait_until(lambda events: any(event.get("step", 0) >= spec["at"] for event in events))
        FAULTS[spec["fault"]](scenario)
        return scenario.driver.wait()


if __name__ == "__main__":
    sys.exit(main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
