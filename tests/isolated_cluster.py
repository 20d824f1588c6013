"""A Ray cluster that disturbs no other one on this machine.

It has network, processes and mounts of its own, by Linux's namespaces: its ports are free, no other cluster's
cleaner sees it, and with its first process all of it ends.
"""

import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ADDRESS = "127.0.0.1:6379"
DASHBOARD = "http://127.0.0.1:8265"


class Island:
    """Runs commands in the namespaces of the process ``first``, with the token of the cluster that is there."""

    def __init__(self, folder: Path, first: int) -> None:
        self.folder = folder
        self.first = first
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in ("MLFLOW_TRACKING_URI", "RAY_ADDRESS") and not name.startswith("FACEALIGN_")
        }
        self.environment = {
            **kept,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder),
            "FACEALIGN_CACHE": str(folder / "cache"),
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": secrets.token_hex(32),
            "RAY_TMPDIR": str(folder),
            "RAY_USAGE_STATS_ENABLED": "0",
        }

    def start(self, *arguments: str, cwd: Path, **variables: str) -> subprocess.Popen[str]:
        """A command whose outputs come together by ``stdout``."""
        enter = [
            "nsenter",
            f"--target={self.first}",
            "--user",
            "--preserve-credentials",
            "--net",
            "--pid",
            "--mount",
        ]
        return subprocess.Popen(
            [*enter, f"--wd={cwd}", *arguments],
            env={**self.environment, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """A command to its end."""
        with self.start(*arguments, cwd=cwd, **variables) as process:
            output = process.communicate(timeout=300)[0]
        return subprocess.CompletedProcess(arguments, process.returncode, output)

    def ray_start(self, name: str, *arguments: str, prefix: tuple[str, ...] = (), **variables: str) -> None:
        """A node of the cluster."""
        done = self.run(
            *prefix,
            *("ray", "start", "--node-name", name, "--disable-usage-stats", "--object-store-memory", "100000000"),
            *arguments,
            cwd=self.folder,
            **variables,
        )
        assert done.returncode == 0, done.stdout

    def head(self, cpus: int) -> None:
        """The first node, with the dashboard that takes jobs."""
        self.ray_start(
            "head",
            *("--head", "--node-ip-address", "127.0.0.1", "--port", "6379", "--dashboard-host", "127.0.0.1"),
            *("--num-cpus", str(cpus), "--temp-dir", str(self.folder / "ray")),
        )


@contextmanager
def isolated_cluster() -> Iterator[Island]:
    """An isolated_cluster in the block; with it all its processes end.

    The test is skipped where this user may have no namespaces.
    """
    command = ["unshare", "--map-root-user", "--net", "--pid", "--fork", "--mount-proc", "--kill-child"]
    script = "ip link set lo up && echo up && exec sleep infinity"
    with (
        # The path is short, because Ray's sockets lie below it.
        tempfile.TemporaryDirectory(prefix="isolated_cluster-", ignore_cleanup_errors=True) as folder,
        subprocess.Popen([*command, "sh", "-c", script], stdout=subprocess.PIPE, text=True) as unshare,
    ):
        assert unshare.stdout is not None
        if unshare.stdout.readline() != "up\n":
            pytest.skip("no namespaces for this user; `unshare --map-root-user --net` says why")
        first = int(Path(f"/proc/{unshare.pid}/task/{unshare.pid}/children").read_text())
        try:
            yield Island(Path(folder), first)
        finally:
            unshare.kill()
            while Path(f"/proc/{first}").exists():  # it goes when the last of its processes has gone
                time.sleep(0.05)
