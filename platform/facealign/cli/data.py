"""``facealign data``: inspect a published data set, preview prepared faces."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Inspect a published data set, preview prepared faces.", no_args_is_help=True)


@app.command()
def inspect(
    source: Annotated[str, typer.Argument(help="Name of the data set: 300w, wflw, csv, …")],
    root: Annotated[Path | None, typer.Argument(help="The folder it was unpacked into.")] = None,
    landmarks: Annotated[str | None, typer.Option(help="Schema: a name, or a YAML file of your own.")] = None,
    options: Annotated[
        list[str] | None, typer.Option("--set", help="An option of the data set, key=value; may be repeated.")
    ] = None,
    grid: Annotated[Path | None, typer.Option(help="PNG to write: faces with landmarks and boxes.")] = None,
    count: Annotated[int, typer.Option(min=1, max=400, help="Faces in the image grid.")] = 24,
    limit: Annotated[int | None, typer.Option(min=1, help="Check this many samples, evenly spread.")] = None,
    workers: Annotated[int, typer.Option(min=1, max=256, help="Processes that load samples.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Load every sample; count and check what is there: folds, landmarks, boxes, problems, duplicates."""
    import json
    import sys

    from facealign.config import UserError
    from facealign.data.preparing.inspect import check_samples, choose
    from facealign.data.preparing.inspect import inspect as summarize
    from facealign.geometry import load_schema
    from facealign.report.faces import save_png
    from facealign.report.progress import counting
    from facealign.workflows import datasets

    opened = datasets.open_data(source, root, landmarks, options or [])
    schema = load_schema(opened.schema)
    samples = list(opened.samples())
    with counting("checking", sys.stderr) as progress:
        checks = check_samples(opened, choose(samples, limit), workers, progress)
    found = summarize(source, schema, samples, checks)
    typer.echo(
        json.dumps(found.to_json(), indent=2) if as_json else "\n".join(datasets.describe_inspection(found, root))
    )
    usable = [check.sample for check in checks if not check.reason]
    if not usable:
        raise UserError(f"none of the {len(checks)} samples looked at can be used; the reasons are above")
    if grid is not None:
        title = f"{source} · {schema.name}"
        save_png(grid, datasets.face_grid(opened, choose(usable, count), schema, title))
        typer.echo(f"wrote {grid}", err=True)


@app.command()
def preview(
    out: Annotated[Path, typer.Argument(help="The PNG to write.")] = Path("faces.png"),
    folder: Annotated[
        str, typer.Option("--shards", help="Folder of prepared shards, or its URI.")
    ] = "outputs/shards",
    fold: Annotated[str, typer.Option(help="train, val or test.")] = "train",
    count: Annotated[int, typer.Option(min=1, help="How many faces.")] = 24,
    augmented: Annotated[
        str | None,
        typer.Option(
            help="Show faces as a training sees them: a method, or an augmentation such as recipe:adnet."
        ),
    ] = None,
) -> None:
    """Draw prepared faces with their landmarks as one image grid."""
    from facealign.workflows.visualize import draw_face_grid

    draw_face_grid(folder, fold, count, augmented, out)
    typer.echo(f"wrote {out}")
