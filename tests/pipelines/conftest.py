"""A project of its own in a temporary folder, small enough to be made within a minute."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from params_file import overlay

REPOSITORY = Path(__file__).resolve().parents[2]
Command = Callable[..., subprocess.CompletedProcess[str]]

SMALL = {
    "methods": ["awing"],
    "data": {"crop": {"size": 64}, "validation": 0.2, "synthetic": {"train": 48, "test": 6}},
    "method": {"awing": {"model": {"network": {"width": 16}}, "train": {"epochs": 2, "batch_size": 8}}},
    "evaluation": {"faces": 4},
}


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    for name in ("dvc.yaml", "params.yaml", ".dvcignore", ".gitignore"):
        shutil.copy(REPOSITORY / name, folder / name)
    for name in ("faces", "pipelines", "platform"):
        shutil.copytree(REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / ".dvc").mkdir()
    shutil.copy(REPOSITORY / ".dvc" / "config", folder / ".dvc" / "config")
    overlay(folder / "params.yaml", SMALL)
    git = ["git", "-c", "user.name=test", "-c", "user.email=test@example.org"]
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "project"]):
        subprocess.run([*git, *arguments], cwd=folder, check=True)
    return folder


@pytest.fixture(scope="session")
def environment() -> dict[str, str]:
    """As `make` sets it; no tracking server and no cluster from outside."""
    kept = {
        name: value for name, value in os.environ.items() if name not in ("MLFLOW_TRACKING_URI", "RAY_ADDRESS")
    }
    return {
        **kept,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "DVC_NO_ANALYTICS": "1",
        "GIT_AUTHOR_NAME": "test",
        "GIT_AUTHOR_EMAIL": "test@example.org",
        "GIT_COMMITTER_NAME": "test",
        "GIT_COMMITTER_EMAIL": "test@example.org",
    }


@pytest.fixture(scope="session")
def run(project: Path, environment: dict[str, str]) -> Command:
    """Runs a command in the project; both outputs together in ``stdout``."""

    def call(*arguments: str, cwd: Path = project, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            arguments,
            cwd=cwd,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        assert not check or done.returncode == 0, done.stdout
        return done

    return call
