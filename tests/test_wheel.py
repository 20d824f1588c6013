"""The package as its users install it: a wheel, away from the checkout."""

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

import facealign

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        str(REPOSITORY),
        "--wheel-dir",
        str(out),
    ]
    subprocess.run(command, check=True, cwd=out)
    (path,) = out.glob("*.whl")
    return path


def test_it_holds_every_file_of_the_package(wheel):
    package = REPOSITORY / "platform" / "facealign"
    wanted = {
        str(path.relative_to(package.parent))
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert wanted <= names
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_it_runs_elsewhere(wheel, tmp_path):
    """In an environment that has the dependencies, but neither the checkout nor its editable installation."""
    folder = tmp_path / "environment"
    venv.create(folder, with_pip=False)
    (site,) = folder.glob("lib/python*/site-packages")
    dependencies = Path(pytest.__file__).parents[1]
    (site / "dependencies.pth").write_text(f"{dependencies}\n")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "NO_COLOR": "1"}

    def run(*arguments: str) -> str:
        command = [str(folder / "bin" / "python"), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path, env=environment)
        return done.stdout

    assert run("-c", "import facealign; print(facealign.__file__)").startswith(str(site))
    assert run("-m", "facealign", "--version") == f"facealign {facealign.__version__}\n"
    assert "13.37 M parameters" in run("-m", "facealign", "describe", "adnet")
