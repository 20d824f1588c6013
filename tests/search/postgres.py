"""A PostgreSQL server of the test's own, on a Unix socket."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# PostgreSQL refuses to be run by root.
_AS = ["runuser", "-u", "nobody", "--"] if os.geteuid() == 0 else []


def missing() -> str | None:
    """Why there can be no server here."""
    absent = [name for name in ("initdb", "postgres", *_AS[:1]) if shutil.which(name) is None]
    return f"no {', '.join(absent)} here" if absent else None


@contextmanager
def serving() -> Iterator[str]:
    """The address of an empty database, as a search file's ``storage`` has it."""
    # A short path: a socket's may have a hundred letters.
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        folder = Path(name)
        if _AS:
            shutil.chown(folder, "nobody")
        data = str(folder / "data")
        made = [*_AS, "initdb", "-D", data, "-A", "trust", "-U", "facealign", "--no-sync"]
        subprocess.run(made, check=True, capture_output=True, cwd="/")
        command = [*_AS, shutil.which("postgres") or "", "-D", data, "-k", name, "-h", "", "-F"]
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd="/"
        ) as server:
            assert server.stderr is not None
            try:
                for line in server.stderr:
                    if "ready to accept connections" in line:
                        break
                else:
                    raise RuntimeError(f"postgres ended with status {server.wait()}")
                yield f"postgresql://facealign@/postgres?host={name}"
            finally:
                server.terminate()
                server.stderr.read()
