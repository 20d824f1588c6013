"""``facealign shards``: write, verify and describe Arrow shards."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Write, verify and describe Arrow shards.", no_args_is_help=True)

Place = Annotated[str, typer.Argument(help="Folder of prepared data, or its URI: s3://bucket/faces.")]


@app.command()
def write(
    source: Annotated[str, typer.Argument(help="Name of the data set: 300w, wflw, synthetic, …")],
    root: Annotated[str, typer.Argument(help="The folder it was unpacked into; - for one that needs none.")],
    out: Annotated[str, typer.Argument(help="Folder for the shards, or its URI: s3://bucket/faces.")],
    params: Annotated[Path, typer.Option(help="Settings file; its section `data` is used.")] = Path("params.yaml"),
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Another setting, data.crop.size=256; may be repeated.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Processes; 1 needs no Ray. [cluster.prepare_workers]")
    ] = None,
) -> None:
    """Read a data set, crop its faces and write them; what is there already is not made again."""
    import sys

    from facealign.cluster.prepare import shard_mapper
    from facealign.data.preparing.prepare import prepare
    from facealign.report.progress import counting
    from facealign.workflows.datasets import settings_for

    chosen = settings_for(params, source, None if root == "-" else root, settings or [], workers)
    with shard_mapper(chosen.cluster) as mapper, counting(f"preparing {source}", sys.stderr) as count:
        report = prepare(chosen.data, out, count, mapper)
    typer.echo(report.message())


@app.command()
def verify(place: Place) -> None:
    """Read every byte and compare it with the index; exit with status 1 where something is wrong."""
    from facealign.data.shards.index import Index
    from facealign.data.shards.verify import verify as find_problems

    problems = find_problems(place)
    for problem in problems:
        typer.echo(f"{problem.file}: {problem.reason}")
    if problems:
        raise typer.Exit(1)
    index = Index.load(place)
    size = sum(file.bytes for file in index.files().values())
    typer.echo(f"whole: {len(index.files())} files, {size / 1e6:.1f} MB; data digest {index.digest[:12]}")


@app.command()
def stat(place: Place, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Say what is there: faces, bytes, folds, subsets, landmark schema, crop rule, source, digest."""
    import json

    from facealign.workflows.datasets import describe_shards, facts

    found = facts(place)
    typer.echo(json.dumps(found, indent=2) if as_json else "\n".join(describe_shards(found)))
