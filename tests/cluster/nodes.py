"""Several machines on this one: each node in a network namespace of its own, joined by a bridge.

Only root can make them, and only inside namespaces of its own (``in_namespaces``), so that nothing outlives a test
and no other Ray is met: their processes die with the first of the process namespace.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_UNSHARE = ("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
_RAY = (sys.executable, "-m", "ray.scripts.scripts")
_PORT = 6379


def namespaces_work() -> bool:
    """Whether this process may make namespaces, bridges in them, and mounts."""
    script = "ip link add probe type bridge && mount -t tmpfs tmpfs /mnt"
    probe = [*_UNSHARE, "sh", "-c", script]
    return os.geteuid() == 0 and subprocess.run(probe, check=False, capture_output=True).returncode == 0


def in_namespaces(command: Sequence[str], **options: object) -> subprocess.Popen[str]:
    """Start a command with no network but its own loopback, no processes but its own, and mounts of its own."""
    script = 'ip link set lo up && mount -t tmpfs tmpfs /run && exec "$@"'
    return subprocess.Popen([*_UNSHARE, "sh", "-c", script, "sh", *command], text=True, **options)  # type: ignore[call-overload,no-any-return]


@dataclass
class Node:
    """A machine with its own address, and the ``ray start`` that runs on it."""

    number: int
    folder: Path
    environment: Mapping[str, str]
    ray: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def address(self) -> str:
        return f"10.77.0.{10 + self.number}"

    @property
    def gcs_address(self) -> str:
        """Where drivers find the cluster, if this is its head."""
        return f"{self.address}:{_PORT}"

    @property
    def name(self) -> str:
        return f"node{self.number}"

    def run(self, command: Sequence[str], **options: object) -> subprocess.Popen[bytes]:
        """Start a command on this machine."""
        inside = ["ip", "netns", "exec", self.name, *command]
        return subprocess.Popen(inside, env={**os.environ, **self.environment}, **options)  # type: ignore[call-overload,no-any-return]

    def start_ray(self, head: "Node", cpus: int) -> None:
        join = ["--head", f"--port={_PORT}"] if head is self else [f"--address={head.gcs_address}"]
        options = [f"--node-ip-address={self.address}", f"--num-cpus={cpus}", "--object-store-memory=100000000"]
        if head is self:
            options += ["--temp-dir=/run/ray", "--include-dashboard=false"]  # short, for its sockets
        with (self.folder / f"{self.name}.log").open("ab") as log:
            self.ray = self.run([*_RAY, "start", *join, *options, "--block"], stdout=log, stderr=log)

    def cut(self) -> None:
        """Pull the network's plug."""
        subprocess.run(["ip", "link", "set", f"port{self.number}", "down"], check=True)


@contextmanager
def nodes(
    count: int, folder: Path, cpus: int = 1, environment: Mapping[str, str] | None = None
) -> Iterator[list[Node]]:
    """``count`` machines on one network, with a Ray cluster over them; the first is its head."""
    own = {
        "GLOO_SOCKET_IFNAME": "eth0",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": "0" * 64,
        **(environment or {}),
    }
    _ip("link add bridge0 type bridge")
    _ip("link set bridge0 up")
    machines = [Node(number, folder, own) for number in range(1, count + 1)]
    for node in machines:
        _plug_in(node)
    for node in machines:
        node.start_ray(machines[0], cpus)
        _wait_for(node)
    yield machines


def _plug_in(node: Node) -> None:
    _ip(f"netns add {node.name}")
    _ip(f"link add port{node.number} type veth peer name eth0 netns {node.name}")
    _ip(f"link set port{node.number} master bridge0 up")
    for step in ("link set lo up", f"addr add {node.address}/24 dev eth0", "link set eth0 up"):
        _ip(f"-n {node.name} {step}")


def _ip(arguments: str) -> None:
    subprocess.run(["ip", *arguments.split()], check=True)


def _wait_for(node: Node) -> None:
    log = node.folder / f"{node.name}.log"
    for _ in range(600):
        if "Ray runtime started" in log.read_text():
            return
        assert node.ray is not None
        assert node.ray.poll() is None, log.read_text()
        time.sleep(0.2)
    raise TimeoutError(log.read_text())
