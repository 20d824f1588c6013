"""``facealign trace``: where a registered version came from, whether it could be made here, and how."""

import subprocess
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table

from facealign.config import UserError
from facealign.data.shards.index import Index, NoIndex
from facealign.methods import METHODS
from facealign.registry.rollback import roll_back
from facealign.registry.trace import Chain
from facealign.registry.versions import versions
from facealign.tracking import TrackingSettings, tracking_uri
from facealign.tracking.describe import CONFIG_FILE, PATCH_FILE
from facealign.training.checkpoint import differences
from facealign.workflows.settings import load_params
from facealign.workflows.workspace import SHARDS, git_commit

AGREES = "agrees"
_DIRTY = "-dirty"


def write_files(chain: Chain, folder: Path) -> list[Path]:
    """Write the settings and the uncommitted changes that MLflow has of a version.

    Raises:
        UserError: It has no settings.
    """
    if not chain.settings:
        raise UserError(f"MLflow has no {CONFIG_FILE} of version {chain.version} of {chain.name}")
    import json

    folder.mkdir(parents=True, exist_ok=True)
    files = {CONFIG_FILE: json.dumps(chain.settings, indent=2) + "\n"} | (
        {PATCH_FILE: chain.patch} if chain.patch else {}
    )
    for name, text in files.items():
        (folder / name).write_bytes(text.encode(errors="surrogateescape"))
    return [folder / name for name in files]


def here(chain: Chain, params: Path) -> dict[str, str]:
    """Whether commit, faces and settings of this folder are the version's: ``agrees``, or what differs."""
    return {"commit": _commit(chain), "faces": _faces(chain), "settings": _settings(chain, params)}


def commands(chain: Chain, folder: str = "traced") -> list[str]:
    """What to type to make the model again."""
    known = chain.commit not in (None, "unknown")
    address = f"models:/{chain.name}/{chain.version}"
    patched = [f"git apply {folder}/{PATCH_FILE}"] if chain.patch else []
    digest = f"   # gives data {chain.data.digest}" if chain.data.digest else ""
    return [
        f"facealign trace {address} --out {folder}",
        *([f"git checkout {(chain.commit or '').removesuffix(_DIRTY)}", *patched, "make env"] if known else []),
        f"facealign apply {folder}/{CONFIG_FILE}",
        f"dvc repro prepare{digest}",
        f"facealign train {chain.method}",
    ]


def as_json(chain: Chain, params: Path) -> dict[str, Any]:
    """All of it as plain values; the patch by its lines, so that it can be seen whether there is one."""
    return {
        **asdict(chain),
        "patch": chain.patch.count("\n"),
        "here": here(chain, params),
        "commands": commands(chain),
    }


def as_text(chain: Chain, params: Path) -> str:
    """All of it for people."""
    found = here(chain, params)
    lines = [
        f"models:/{chain.name}/{chain.version}" + "".join(f" @{alias}" for alias in chain.aliases),
        *_rows(_links(chain)),
        "",
        "Here",
        *_rows(found),
        "",
        "Make it again",
        *(f"  {line}" for line in commands(chain)),
    ]
    return "\n".join(lines)


def _links(chain: Chain) -> dict[str, str]:
    """The chain, from the version to the data."""
    made, data = chain.made, chain.data
    figures = "" if made is None else ", ".join(f"{key} {value:.5f}" for key, value in made.figures.items())
    faces = ", ".join(f"{count} {fold}" for fold, count in data.faces.items())
    links = {
        "version": f"{chain.version}, registered {_time(chain.created)}",
        "decision": chain.decision,
        "withdrawn": chain.withdrawn,
        "model": chain.model_uri,
        "run": made
        and f"{made.run_id} ({made.name}, experiment {made.experiment}, {made.status}, {_time(made.start)})",
        "figures": figures,
        "job": chain.submission or "none: it was not trained by a Ray job",
        "study": f"{chain.study or 'unnamed'}, trial {chain.trial}"
        if chain.trial
        else "none: no trial of a search had this configuration",
        "method": chain.method,
        "settings": chain.config_hash and f"configuration {chain.config_hash}",
        "commit": chain.commit and chain.commit + _of_patch(chain),
        "data": data.digest and f"{data.digest} ({data.source}, {data.landmarks}{': ' if faces else ''}{faces})",
        "place": data.place,
    }
    optional = ("withdrawn", "figures", "place")
    return {key: value or "not in MLflow" for key, value in links.items() if value or key not in optional}


def _of_patch(chain: Chain) -> str:
    if not (chain.commit or "").endswith(_DIRTY):
        return ""
    if chain.patch:
        return f" (with the run's {PATCH_FILE}, {chain.patch.count(chr(10))} lines)"
    return " (what differed from the commit was not kept)"


def _commit(chain: Chain) -> str:
    if chain.commit is None:
        return "MLflow does not have the version's"
    mine = git_commit()
    if mine == chain.commit and not mine.endswith(_DIRTY):
        return AGREES
    if mine.removesuffix(_DIRTY) != chain.commit.removesuffix(_DIRTY):
        return f"differs: {mine}{_distance(chain.commit.removesuffix(_DIRTY))}"
    return "the same commit, with uncommitted changes there or here"


def _distance(commit: str) -> str:
    """How many commits lie between, where git knows both."""
    command = ["git", "rev-list", "--count", f"{commit}..HEAD"]
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        return ", and this repository does not have the version's"
    return f", {done.stdout.strip()} commits further"


def _faces(chain: Chain) -> str:
    try:
        mine = Index.load(SHARDS).digest
    except NoIndex:
        return f"none are prepared in {SHARDS}"
    return AGREES if mine == chain.data.digest else f"differ: {mine} in {SHARDS}"


def _settings(chain: Chain, path: Path) -> str:
    if not path.is_file():
        return f"there is no {path}"
    if chain.method is None or chain.method not in METHODS:
        return f"there is no method {chain.method} here"
    params = load_params(path)
    job = params.job(chain.method, SHARDS, chain.data.digest or "")
    if job.config_hash == chain.config_hash:
        return AGREES
    mine = {
        "seed": params.seed,
        "data": params.data.model_dump(mode="json"),
        "method": {chain.method: params.section(chain.method).model_dump(mode="json")},
    }
    theirs = {key: chain.settings.get(key) for key in mine}
    rows = differences(theirs, mine, "there", f"in {path}")
    return f"differ:\n{rows}" if rows else "differ, in what the version's run does not tell"


def _time(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="seconds")


def _rows(values: dict[str, str]) -> list[str]:
    width = max(map(len, values))
    return [f"  {key:<{width}}  {value}".replace("\n", "\n" + " " * 4) for key, value in values.items()]


# ``facealign versions`` and ``facealign rollback``: the versions of a registered model, and which is in force.


def uri_in(params: Path) -> str:
    """Of the MLflow that a settings file names, or the environment where there is no such file."""
    return tracking_uri(load_params(params).tracking if params.is_file() else TrackingSettings())


def listed(name: str, params: Path) -> list[dict[str, Any]]:
    """The versions of a model, the newest first, as plain values.

    Raises:
        UserError: There is no such model, or MLflow does not answer.
    """
    return versions(uri_in(params), name)


def as_table(rows: list[dict[str, Any]]) -> Table:
    """The same for people."""
    table = Table(box=box.SIMPLE_HEAD, header_style="bold")
    for heading in ("version", "aliases", "method", "validation\nNME %", "test\nNME %", "decision"):
        table.add_column(heading, overflow="fold", vertical="bottom")
    for row in rows:
        percent = ("" if row[key] is None else f"{100 * row[key]:.2f}" for key in ("validation_nme", "test_nme"))
        said = row["decision"] or ""
        withdrawn = f"withdrawn {row['withdrawn']}. " if row["withdrawn"] else ""
        table.add_row(row["version"], ", ".join(row["aliases"]), row["method"] or "", *percent, withdrawn + said)
    return table


def go_back(name: str, reason: str, to: str | None, params: Path) -> str:
    """Put the version before in force, or another; returns what was done.

    Raises:
        UserError: See ``roll_back``.
    """
    done = roll_back(uri_in(params), name, reason, to)
    return f"models:/{name}@champion is version {done.version} now" + (
        f"; version {done.before} is @previous" if done.before else ""
    )
