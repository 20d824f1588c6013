"""Prepared data described, and the settings that ``facealign shards write`` puts together."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from facealign.cli.assignments import assign
from facealign.cli.params import Params
from facealign.config import check_settings, read_yaml
from facealign.data.shards.columns import read_strings
from facealign.data.shards.index import Index
from facealign.data.shards.store import open_store
from facealign.data.sources.base import SOURCES


def settings_for(
    params: Path, source: str, root: str | None, settings: Sequence[str], workers: int | None
) -> Params:
    """A settings file with another data set and with ``key=value`` changes.

    Where the data set does not have the file's landmark schema, the first one that it has takes its place.

    Raises:
        UserError: The file, or what is changed in it, breaks a rule.
    """
    tree = read_yaml(params)
    for section in ("data", "cluster"):
        tree.setdefault(section, {})
    tree["data"].update(source=source, root=root)
    schemas = SOURCES[source].schemas
    if schemas is not None and tree["data"].get("landmarks") not in schemas:
        tree["data"]["landmarks"] = schemas[0]
    if workers is not None:
        tree["cluster"]["prepare_workers"] = workers
    return check_settings(assign(tree, settings), params, Params)


def facts(place: str) -> dict[str, Any]:
    """What prepared data consists of, from its index and its column of subsets.

    Raises:
        UserError: There is none.
    """
    store = open_store(place)
    index = Index.load(store)
    folds: dict[str, Any] = {}
    for fold, shards in index.folds.items():
        subsets: Counter[str] = Counter()
        for shard in shards:
            with store.open(shard.file) as file:
                subsets.update(read_strings(file, "subset"))
        size = sum(shard.bytes for shard in shards)
        folds[fold] = {
            "faces": index.rows(fold),
            "shards": len(shards),
            "bytes": size,
            "bytes_per_face": size / index.rows(fold) if shards else 0.0,
            "subsets": dict(sorted(subsets.items())),
        }
    note = index.statistics
    return {
        "place": place,
        "digest": index.digest,
        "source": index.source.model_dump(mode="json"),
        "landmarks": {"name": index.landmarks.name, "size": index.landmarks.size},
        "crop": {**index.crop.model_dump(mode="json"), "stored_size": index.crop.stored_size},
        "shards": index.shards.model_dump(mode="json"),
        "validation": {"share": index.validation, "seed": index.seed},
        "faces": sum(part["faces"] for part in folds.values()),
        "bytes": sum(file.bytes for file in index.files().values()),
        "folds": folds,
        "statistics": note.model_dump(mode="json") if note else None,
        "no_statistics": index.no_statistics,
    }


def describe(found: dict[str, Any]) -> Iterator[str]:
    """The facts in lines of text."""
    crop, shards, source = found["crop"], found["shards"], found["source"]
    yield f"{found['place']}: {found['faces']} faces, {found['bytes'] / 1e6:.1f} MB, digest {found['digest'][:12]}"
    yield f"  source      {source['name']}, content {source['digest'][:12]}{_options(source['options'])}"
    yield f"  landmarks   {found['landmarks']['name']} ({found['landmarks']['size']})"
    yield (
        f"  crop        {crop['size']} px of {crop['stored_size']} px stored; {crop['box']} box, "
        f"{crop['side']} side × {crop['margin']}"
    )
    quality = f", quality {shards['quality']}" if shards["encoding"] == "jpeg" else ""
    yield f"  pictures    {shards['encoding']}{quality}; shards of about {shards['megabytes']} MB"
    yield f"  statistics  {found['statistics']['file'] if found['statistics'] else found['no_statistics']}"
    for name, fold in found["folds"].items():
        subsets = ", ".join(f"{count} {subset}" for subset, count in fold["subsets"].items())
        yield (
            f"  {name:<10}  {fold['faces']} faces in {fold['shards']} shards, {fold['bytes'] / 1e6:.1f} MB, "
            f"{fold['bytes_per_face'] / 1e3:.1f} kB a face{f': {subsets}' if subsets else ''}"
        )


def _options(options: dict[str, Any]) -> str:
    return "".join(f", {name}={value}" for name, value in options.items())
