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
from facealign.registry.trace import Lineage
from facealign.registry.versions import versions
from facealign.tracking import TrackingSettings, tracking_uri
from facealign.tracking.describe import CONFIG_FILE, PATCH_FILE
from facealign.training.checkpoint import differences
from facealign.workflows.settings import load_params
from facealign.workflows.workspace import SHARDS, git_commit

AGREES = "agrees"
_DIRTY = "-dirty"


def write_files(lineage: Lineage, folder: Path) -> list[Path]:
    """Write the settings and the uncommitted changes that MLflow has of a version.

    Raises:
        UserError: It has no settings.
    """
    if not lineage.settings:
        raise UserError(f"MLflow has no {CONFIG_FILE} of version {lineage.version} of {lineage.name}")
    import json

    folder.mkdir(parents=True, exist_ok=True)
    files = {CONFIG_FILE: json.dumps(lineage.settings, indent=2) + "\n"} | (
        {PATCH_FILE: lineage.patch} if lineage.patch else {}
    )
    for name, text in files.items():
        (folder / name).write_bytes(text.encode(errors="surrogateescape"))
    return [folder / name for name in files]


def here(lineage: Lineage, params: Path) -> dict[str, str]:
    """Whether commit, faces and settings of this folder are the version's: ``agrees``, or what differs."""
    return {"commit": _commit(lineage), "faces": _faces(lineage), "settings": _settings(lineage, params)}


def commands(lineage: Lineage, folder: str = "traced") -> list[str]:
    """List the commands that make the model again."""
    known = lineage.commit not in (None, "unknown")
    address = f"models:/{lineage.name}/{lineage.version}"
    patched = [f"git apply {folder}/{PATCH_FILE}"] if lineage.patch else []
    digest = f"   # gives data {lineage.data.digest}" if lineage.data.digest else ""
    return [
        f"facealign trace {address} --out {folder}",
        *([f"git checkout {(lineage.commit or '').removesuffix(_DIRTY)}", *patched, "make env"] if known else []),
        f"facealign apply {folder}/{CONFIG_FILE}",
        f"dvc repro prepare{digest}",
        f"facealign train {lineage.method}",
    ]


def as_json(lineage: Lineage, params: Path) -> dict[str, Any]:
    """Return the lineage as plain values; the patch is a list of lines."""
    return {
        **asdict(lineage),
        "patch": lineage.patch.count("\n"),
        "here": here(lineage, params),
        "commands": commands(lineage),
    }


def as_text(lineage: Lineage, params: Path) -> str:
    """Return the lineage as text."""
    found = here(lineage, params)
    lines = [
        f"models:/{lineage.name}/{lineage.version}" + "".join(f" @{alias}" for alias in lineage.aliases),
        *_rows(_links(lineage)),
        "",
        "Here",
        *_rows(found),
        "",
        "Make it again",
        *(f"  {line}" for line in commands(lineage)),
    ]
    return "\n".join(lines)


def _links(lineage: Lineage) -> dict[str, str]:
    """The chain, from the version to the data."""
    made, data = lineage.made, lineage.data
    metrics = "" if made is None else ", ".join(f"{key} {value:.5f}" for key, value in made.metrics.items())
    faces = ", ".join(f"{count} {fold}" for fold, count in data.faces.items())
    links = {
        "version": f"{lineage.version}, registered {_time(lineage.created)}",
        "decision": lineage.decision,
        "withdrawn": lineage.withdrawn,
        "model": lineage.model_uri,
        "run": made
        and f"{made.run_id} ({made.name}, experiment {made.experiment}, {made.status}, {_time(made.start)})",
        "figures": metrics,
        "job": lineage.submission or "none: it was not trained by a Ray job",
        "study": f"{lineage.study or 'unnamed'}, trial {lineage.trial}"
        if lineage.trial
        else "none: no trial of a search had this configuration",
        "method": lineage.method,
        "settings": lineage.config_hash and f"configuration {lineage.config_hash}",
        "commit": lineage.commit and lineage.commit + _of_patch(lineage),
        "data": data.digest and f"{data.digest} ({data.source}, {data.landmarks}{': ' if faces else ''}{faces})",
        "place": data.place,
    }
    optional = ("withdrawn", "figures", "place")
    return {key: value or "not in MLflow" for key, value in links.items() if value or key not in optional}


def _of_patch(lineage: Lineage) -> str:
    if not (lineage.commit or "").endswith(_DIRTY):
        return ""
    if lineage.patch:
        return f" (with the run's {PATCH_FILE}, {lineage.patch.count(chr(10))} lines)"
    return " (what differed from the commit was not kept)"


def _commit(lineage: Lineage) -> str:
    if lineage.commit is None:
        return "MLflow does not have the version's"
    mine = git_commit()
    if mine == lineage.commit and not mine.endswith(_DIRTY):
        return AGREES
    if mine.removesuffix(_DIRTY) != lineage.commit.removesuffix(_DIRTY):
        return f"differs: {mine}{_distance(lineage.commit.removesuffix(_DIRTY))}"
    return "the same commit, with uncommitted changes there or here"


def _distance(commit: str) -> str:
    """Count the commits between two, where git knows both."""
    command = ["git", "rev-list", "--count", f"{commit}..HEAD"]
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        return ", and this repository does not have the version's"
    return f", {done.stdout.strip()} commits further"


def _faces(lineage: Lineage) -> str:
    try:
        mine = Index.load(SHARDS).digest
    except NoIndex:
        return f"none are prepared in {SHARDS}"
    return AGREES if mine == lineage.data.digest else f"differ: {mine} in {SHARDS}"


def _settings(lineage: Lineage, path: Path) -> str:
    if not path.is_file():
        return f"there is no {path}"
    if lineage.method is None or lineage.method not in METHODS:
        return f"there is no method {lineage.method} here"
    params = load_params(path)
    job = params.job(lineage.method, SHARDS, lineage.data.digest or "")
    if job.config_hash == lineage.config_hash:
        return AGREES
    mine = {
        "seed": params.seed,
        "data": params.data.model_dump(mode="json"),
        "method": {lineage.method: params.section(lineage.method).model_dump(mode="json")},
    }
    theirs = {key: lineage.settings.get(key) for key in mine}
    rows = differences(theirs, mine, "there", f"in {path}")
    return f"differ:\n{rows}" if rows else "differ, in what the version's run does not tell"


def _time(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="seconds")


def _rows(values: dict[str, str]) -> list[str]:
    width = max(map(len, values))
    return [f"  {key:<{width}}  {value}".replace("\n", "\n" + " " * 4) for key, value in values.items()]


# ``facealign versions`` and ``facealign rollback``: the versions of a registered model, and which is current.


def uri_in(params: Path) -> str:
    """Return the tracking URI of a settings file, or of the environment where there is no such file."""
    return tracking_uri(load_params(params).tracking if params.is_file() else TrackingSettings())


def listed(name: str, params: Path) -> list[dict[str, Any]]:
    """The versions of a model, the newest first, as plain values.

    Raises:
        UserError: There is no such model, or MLflow does not answer.
    """
    return versions(uri_in(params), name)


def as_table(rows: list[dict[str, Any]]) -> Table:
    """Return the versions as a table."""
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
    """Promote the version before, or another; return what was done.

    Raises:
        UserError: See ``roll_back``.
    """
    done = roll_back(uri_in(params), name, reason, to)
    return f"models:/{name}@champion is version {done.version} now" + (
        f"; version {done.before} is @previous" if done.before else ""
    )
