"""Commands that evaluate, compare and draw predictions."""

from pathlib import Path
from typing import Annotated, Literal

import typer

app = typer.Typer()

Trained = Annotated[str, typer.Argument(help="A method that has been trained, or a model folder.")]
Fold = Annotated[str, typer.Option(help="train, val or test.")]
SettingsFile = Annotated[Path, typer.Option(help="The settings file, for `evaluation`.")]


@app.command()
def evaluate(
    model: Trained,
    folder: Annotated[
        str, typer.Option("--shards", help="Folder of prepared shards, of any data set, or its URI.")
    ] = "outputs/shards",
    fold: Fold = "test",
    name: Annotated[
        str | None, typer.Option(help="Name of the folder in outputs/measured; METHOD-on-SOURCE if not given.")
    ] = None,
    params: SettingsFile = Path("params.yaml"),
) -> None:
    """Measure a trained model on other faces: train on 300W, test on COFW-68."""
    from facealign.workflows.evaluate import evaluate_on

    typer.echo(evaluate_on(model, folder, fold, name, params))


@app.command()
def score(
    predictions: Annotated[Path, typer.Argument(help="COCO-style .json, .csv, or a folder of .pts.")],
    truth: Annotated[
        str, typer.Option(help="Folder of prepared shards or its URI, or an evaluation's test.arrow.")
    ] = "outputs/shards",
    name: Annotated[
        str, typer.Option(help="Name of the folder in outputs/measured, and of the row in reports.")
    ] = "scored",
    fold: Fold = "test",
    origin: Annotated[
        Literal["zero", "one"], typer.Option(help="Number of the first pixel in JSON and CSV; in .pts it is one.")
    ] = "zero",
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Leave out the faces that have no prediction.")
    ] = False,
    params: SettingsFile = Path("params.yaml"),
) -> None:
    """Measure landmarks that another program predicted, by the same protocol as our own."""
    from facealign.workflows.evaluate import score_predictions

    typer.echo(score_predictions(predictions, truth, name, fold, origin, allow_missing, params))


@app.command()
def report(
    runs: Annotated[
        list[str],
        typer.Argument(help="Runs of outputs/evaluated, or folders with measured faces (`facealign score`)."),
    ],
    out: Annotated[Path, typer.Option(help="Folder for report.html and its images.")] = Path("report"),
    folder: Annotated[
        str, typer.Option("--shards", help="Folder of prepared shards, or its URI: the faces' images.")
    ] = "outputs/shards",
    faces: Annotated[
        int, typer.Option(min=1, max=30, help="How many best and how many worst faces to draw of each run.")
    ] = 6,
    timed: Annotated[bool, typer.Option("--time/--no-time", help="Time one face on this machine.")] = True,
) -> None:
    """Put runs side by side, and beside the papers, on one page without any script: report.html."""
    from facealign.workflows.report import report as write

    typer.echo(f"wrote {write(runs, folder, out, faces, timed)}")


@app.command()
def ellipses(
    run: Annotated[str, typer.Argument(help="A run of outputs/evaluated, or a folder with its measured faces.")],
    out: Annotated[Path, typer.Option(help="The JSON to write.")] = Path("lambda.json"),
    fold: Annotated[str, typer.Option(help="Fold: val (the test fold stays unseen) or test.")] = "val",
) -> None:
    """Fit an ellipse to each landmark's errors: λ = a/b for ADNet's loss, strategy per_landmark."""
    from facealign.workflows.visualize import write_ellipses

    typer.echo(f"{write_ellipses(run, fold, out)}; wrote {out}")


@app.command()
def robustness(
    model: Trained,
    folder: Annotated[
        str, typer.Option("--shards", help="Folder of prepared shards, or its URI.")
    ] = "outputs/shards",
    kinds: Annotated[
        list[str] | None,
        typer.Option(
            "--kinds",
            help="rotation, scale, box_jitter, blur, occlusion, noise, darkness, jpeg; repeatable. Default: all.",
        ),
    ] = None,
    faces: Annotated[
        int | None, typer.Option(min=1, help="Maximum number of faces; all of the fold if not given.")
    ] = None,
    fold: Fold = "test",
    normalizer: Annotated[
        str | None, typer.Option(help="Normalizer of the errors; the schema's first if not given.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder; beside the method's evaluation if not given, of a model folder: robustness."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the perturbations.")] = 0,
) -> None:
    """Measure a trained model on faces that are turned, blurred, covered …, and the stability of its landmarks."""
    from facealign.workflows.robustness import robustness as measure

    typer.echo(measure(model, folder, kinds or [], faces, fold, normalizer, out, seed))
