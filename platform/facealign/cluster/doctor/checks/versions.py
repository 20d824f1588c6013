"""Does every node run the same program?"""

import platform
from importlib.metadata import version
from pathlib import Path

import facealign
from facealign.cluster.doctor.finding import Finding
from facealign.cluster.doctor.nodes import ask, listed
from facealign.cluster.doctor.plan import Plan
from facealign.cluster.doctor.registry import check
from facealign.config import digest_file, digest_json


@check("versions")
def same_everywhere(plan: Plan) -> Finding:
    """Python, Ray, torch and this package, the last by the content of its files."""
    here, answers = versions(), ask(versions)
    if answers.refused:
        return Finding(
            "failed",
            f"facealign does not run on {listed(answers.refused)}",
            "submit with --working-dir . --runtime-env pipelines/runtime_env.yaml, or install facealign there",
        )
    others = {
        node: ", ".join(f"{name} {found[name]}" for name in here if found[name] != here[name])
        for node, found in answers.given.items()
        if found != here
    }
    mine = ", ".join(f"{name} {value}" for name, value in here.items())
    if others:
        return Finding(
            "failed",
            f"this process has {mine}; {listed(others)}",
            "install the same everywhere: `pip install -c constraints.txt`, from the same commit",
        )
    return Finding("ok", mine)


def versions() -> dict[str, str]:
    """Of this process. A build of torch (``+cpu``, ``+cu126``) may differ, its version may not."""
    return {
        "python": platform.python_version(),
        "ray": version("ray"),
        "torch": version("torch").partition("+")[0],
        "facealign": f"{facealign.__version__} ({_code()[:8]})",
    }


def _code() -> str:
    root = Path(facealign.__file__).parent
    files = sorted(path for kind in ("py", "yaml") for path in root.rglob(f"*.{kind}"))
    return digest_json({str(path.relative_to(root)): digest_file(path) for path in files})
