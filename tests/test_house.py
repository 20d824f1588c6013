"""Rules of the house that no single part can keep."""

import ast
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
HEAVY = {"torch", "ray", "mlflow", "cv2", "albumentations", "pyarrow", "matplotlib", "optuna"}


def test_platform_is_no_package():
    """With an __init__.py it would shadow the standard library's `platform`, and torch would not import."""
    assert not list((REPOSITORY / "platform").glob("*.py"))


@pytest.mark.parametrize(
    "statement", ["import facealign", "import facealign.cli.main", "import facealign.data.config"]
)
def test_light_imports_stay_light(statement):
    code = f"import json, sys; {statement}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert HEAVY.isdisjoint(json.loads(done.stdout))


def test_pipelines_leave_the_libraries_to_the_package():
    for script in (REPOSITORY / "pipelines").glob("*.py"):
        tree = ast.parse(script.read_text(encoding="utf-8"))
        imported = {
            name.split(".")[0]
            for node in ast.walk(tree)
            for name in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
        }
        assert imported.isdisjoint({"ray", "mlflow", "optuna", "dvc"}), script.name


def test_imports_flow_one_way():
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


PRIVATE = re.compile(r"^\s*(?:from|import) (ray|optuna|mlflow)(?:\.\w+)*\._\w+", re.MULTILINE)


def test_private_parts_of_libraries_are_imported_in_one_module():
    """Each such module has a test that names the version it holds for."""
    package = REPOSITORY / "platform" / "facealign"
    users = {str(path.relative_to(package)) for path in package.rglob("*.py") if PRIVATE.search(path.read_text())}
    assert users == {"cluster/ray_internals.py"}


def test_no_class_name_stands_twice():
    package = REPOSITORY / "platform" / "facealign"
    names = Counter(
        node.name
        for path in package.rglob("*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and node.name != "Config"  # each data source has its own
    )
    assert [name for name, count in names.items() if count > 1] == []
