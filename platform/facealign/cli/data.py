"""``facealign data``: look at a data set as it was published, before anything is prepared."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Look at a data set as it was published, before anything is prepared.", no_args_is_help=True
)


@app.callback()
def _group() -> None:
    """Typer makes a group's only command the group itself, unless there is a callback."""


@app.command()
def inspect(
    source: Annotated[str, typer.Argument(help="Name of the data set: 300w, wflw, csv, …")],
    root: Annotated[Path | None, typer.Argument(help="The folder it was unpacked into.")] = None,
    landmarks: Annotated[str | None, typer.Option(help="Schema: a name, or a YAML file of your own.")] = None,
    options: Annotated[
        list[str] | None, typer.Option("--set", help="An option of the data set, key=value; may be repeated.")
    ] = None,
    sheet: Annotated[Path | None, typer.Option(help="PNG to draw faces on, with landmarks and boxes.")] = None,
    count: Annotated[int, typer.Option(min=1, max=400, help="Faces on the sheet.")] = 24,
    limit: Annotated[int | None, typer.Option(min=1, help="Look at so many samples, evenly spread.")] = None,
    workers: Annotated[int, typer.Option(min=1, max=256, help="Processes that load samples.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Load every sample; count and check what is there: folds, landmarks, boxes, problems, duplicates."""
    import json
    import sys

    from facealign.config import UserError
    from facealign.data.preparing.inspect import choose, look_at
    from facealign.data.preparing.inspect import inspect as summarize
    from facealign.geometry import load_schema
    from facealign.report.faces import save_png
    from facealign.report.progress import counting
    from facealign.workflows import datasets

    opened = datasets.open_data(source, root, landmarks, options or [])
    schema = load_schema(opened.schema)
    samples = list(opened.samples())
    with counting("looking", sys.stderr) as progress:
        looks = look_at(opened, choose(samples, limit), workers, progress)
    found = summarize(source, schema, samples, looks)
    typer.echo(
        json.dumps(found.to_json(), indent=2) if as_json else "\n".join(datasets.describe_inspection(found, root))
    )
    usable = [look.sample for look in looks if not look.reason]
    if not usable:
        raise UserError(f"none of the {len(looks)} samples looked at can be used; the reasons are above")
    if sheet is not None:
        title = f"{source} · {schema.name}"
        save_png(sheet, datasets.sheet(opened, choose(usable, count), schema, title))
        typer.echo(f"wrote {sheet}", err=True)
