"""DVC's stage ``evaluate`` runs again exactly where something changes that decides a prediction or a metric."""

import ast
from pathlib import Path

from facealign.config import read_yaml

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGE = REPOSITORY / "platform" / "facealign"
STARTS = ("evaluation.evaluate", "evaluation.aggregate")
"""What the stage calls to predict and to measure; plots and tracking are made from its result."""
DECIDES_NOTHING = {
    "config": "reads settings, and DVC compares the settings themselves",
    "storage": "opens files, and DVC compares the files themselves",
    "training": "loads the model, which is a dependency; only predictions.py computes, and it is named",
}
REGISTERED = {"methods", "models", "targets"}
"""Found by name when they run, so no import statement leads to all of their modules."""


def closure() -> set[str]:
    """Paths below the package of all modules that the stage's computation imports, now or when called."""
    found: set[str] = set()
    waiting = [f"facealign.{name}" for name in STARTS]
    while waiting:
        place = PACKAGE.parent / waiting.pop().replace(".", "/")
        path = next((one for one in (place.with_suffix(".py"), place / "__init__.py") if one.is_file()), None)
        if path is None or str(path.relative_to(PACKAGE)) in found:
            continue
        found.add(str(path.relative_to(PACKAGE)))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("facealign"):
                waiting += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return found


def dependencies() -> set[str]:
    """Paths below the package that the stage names."""
    prefix = "platform/facealign/"
    deps = read_yaml(REPOSITORY / "dvc.yaml")["stages"]["evaluate"]["deps"]
    return {dep.removeprefix(prefix) for dep in deps if dep.startswith(prefix)}


def test_every_module_that_decides_a_result_is_a_dependency():
    named = dependencies()
    missing = {
        module
        for module in closure()
        if module.split("/")[0] not in DECIDES_NOTHING | dict.fromkeys(named) and module not in named
    }
    assert missing - {"__init__.py"} == set()


def test_nothing_else_is_a_dependency():
    reached = closure()
    packages = {module.split("/")[0] for module in reached} | REGISTERED
    assert {dep for dep in dependencies() if dep not in packages and dep not in reached} == set()
    assert "training/predictions.py" in dependencies()
    assert "report" not in dependencies(), "a changed style sheet runs nothing again"
