"""Trained and registered models: commands that export, list, promote, trace and use them."""

from pathlib import Path
from typing import Annotated, Literal

import typer

app = typer.Typer()

Runtime = Literal["torch", "compiled", "onnx"]


@app.command()
def export(
    model: Annotated[str, typer.Argument(help="A method that has been trained, or a model folder.")],
    out: Annotated[Path, typer.Argument(help="The ONNX file to write.")],
) -> None:
    """Write a trained model as ONNX: uint8 crops in, landmarks in crop pixels out; then compare the two."""
    from facealign.workflows.export import export as write

    differences = write(model, out)
    found = ", ".join(f"{pixels:.2g} px with {faces}" for faces, pixels in differences.items())
    typer.echo(f"wrote {out}; largest difference from the model, by faces in the batch: {found}")


@app.command()
def versions(
    name: Annotated[str, typer.Argument(help="Name of a registered model: facealign-300w.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    params: Annotated[Path, typer.Option(help="The settings file.")] = Path("params.yaml"),
) -> None:
    """List the versions of a registered model, with aliases and the gate's decisions."""
    import json
    import sys

    from facealign.report.tables import print_table
    from facealign.workflows.trace import as_table, listed

    rows = listed(name, params)
    if as_json:
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    else:
        print_table(as_table(rows), sys.stdout)


@app.command()
def rollback(
    name: Annotated[str, typer.Argument(help="Name of a registered model: facealign-300w.")],
    reason: Annotated[str, typer.Option(help="Reason; recorded with both versions.")],
    to: Annotated[str | None, typer.Option(help="Number of a version; the previous if not given.")] = None,
    params: Annotated[Path, typer.Option(help="The settings file.")] = Path("params.yaml"),
) -> None:
    """Promote the previous champion again, or any version; the gate never brings back what was withdrawn."""
    from facealign.workflows.trace import go_back

    typer.echo(go_back(name, reason, to, params))


@app.command()
def trace(
    model: Annotated[str, typer.Argument(help="models:/NAME@champion, NAME@candidate, NAME/3, or NAME.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder for its settings and the changes that were not committed.")
    ] = None,
    params: Annotated[Path, typer.Option(help="The settings file.")] = Path("params.yaml"),
) -> None:
    """Tell where a registered model came from, whether code, faces, settings here agree, how to make it again."""
    import json

    from facealign.registry import trace as lineage_of
    from facealign.workflows import trace as cli_trace
    from facealign.workflows.trace import uri_in

    lineage = lineage_of(uri_in(params), model)
    files = [] if out is None else cli_trace.write_files(lineage, out)
    if as_json:
        typer.echo(json.dumps(cli_trace.as_json(lineage, params), indent=2, ensure_ascii=False))
    else:
        typer.echo(cli_trace.as_text(lineage, params))
    for file in files:
        typer.echo(f"wrote {file}", err=True)


@app.command()
def predict(
    source: Annotated[Path, typer.Argument(help="A photo, a folder of photos, or a video.")],
    model: Annotated[str, typer.Option(help="models:/NAME@champion, or a model folder.")],
    runtime: Annotated[Runtime, typer.Option(help="onnx imports no torch; compiled starts slowly.")] = "torch",
    device: Annotated[
        str | None,
        typer.Option(help="cpu, cuda, cuda:1 …; the first GPU that the runtime can use, if there is one."),
    ] = None,
    boxes: Annotated[
        Path | None,
        typer.Option(help="CSV (photo,x0,y0,x1,y1) or JSON with the faces' boxes; else they are found."),
    ] = None,
    form: Annotated[
        Literal["json", "csv", "pts"], typer.Option("--format", help="Format of the written landmarks.")
    ] = "json",
    draw: Annotated[bool, typer.Option("--draw", help="Draw the landmarks on copies of the images.")] = False,
    out: Annotated[Path, typer.Option(help="Folder for landmarks and images.")] = Path("landmarks"),
    smooth: Annotated[bool, typer.Option("--smooth", help="Smooth a video's landmarks: one-euro filter.")] = False,
    min_cutoff: Annotated[
        float, typer.Option(min=1e-6, help="With --smooth: Hz, at rest; lower is calmer.")
    ] = 1.0,
    beta: Annotated[
        float, typer.Option(min=0, help="With --smooth: Hz for each face's side per second; higher lags less.")
    ] = 10.0,
) -> None:
    """Find the landmarks of every face on photos or in a video; exit with 1 where a photo could not be used."""
    from facealign.inference.one_euro import OneEuroSettings
    from facealign.workflows.predict import PredictionRequest, summary_text
    from facealign.workflows.predict import predict as run

    settings = OneEuroSettings(min_cutoff=min_cutoff, beta=beta) if smooth else None
    request = PredictionRequest(
        source=source,
        model=model,
        runtime=runtime,
        device=device,
        boxes=boxes,
        format=form,
        draw=draw,
        out=out,
        smooth=settings,
    )
    outcome = run(request)
    typer.echo(summary_text(request, outcome))
    if outcome.failed:
        raise typer.Exit(1)
