"""The `facealign` command. Commands import what they need when they run, so that `--help` is quick."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from facealign.cli import data, schema, search, shards
from facealign.cli.errors import report_user_errors

app = typer.Typer(
    name="facealign",
    help="Train, search, compare and register facial-landmark models on a Ray cluster.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(data.app, name="data")
app.add_typer(shards.app, name="shards")
app.add_typer(schema.app, name="schema")
app.add_typer(search.app, name="search")

Size = Literal["paper", "laptop"]
Runtime = Literal["torch", "compiled", "onnx"]
ParamsPath = Annotated[Path, typer.Argument(help="The settings file.")]


@app.command()
def check(params: ParamsPath = Path("params.yaml")) -> None:
    """Check every setting, and report all that is wrong at once."""
    from facealign.cli.params import load_params

    load_params(params)
    typer.echo(f"{params}: every setting is known and in its bounds")


@app.command()
def apply(
    recipe: Annotated[Path, typer.Argument(help="A file of recipes/, or one of your own.")],
    params: ParamsPath = Path("params.yaml"),
) -> None:
    """Put a recipe's settings into the settings file; comments and all other settings stay."""
    from facealign.cli.recipe import apply_recipe

    for key in apply_recipe(recipe, params):
        typer.echo(f"{params}: {key}")


@app.command()
def describe(
    method: Annotated[str, typer.Argument(help="Name of a method.")],
    schema: Annotated[str, typer.Option(help="Landmark schema: a name, or the path of a YAML file.")] = "ibug68",
    size: Annotated[
        Size, typer.Option(help="paper: its defaults at 256 px; laptop: as params.yaml has it.")
    ] = "paper",
    change: Annotated[
        list[str] | None, typer.Option("--set", help="key=value below the method's model settings; repeatable.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    params: Annotated[Path, typer.Option(help="The settings file.")] = Path("params.yaml"),
) -> None:
    """Tell what a method is made of, what it costs, and where each of its choices comes from."""
    import json

    from facealign.cli.describe import as_text, describe

    found = describe(method, schema, size, change or [], params)
    typer.echo(json.dumps(found, indent=2, ensure_ascii=False) if as_json else as_text(found))


@app.command()
def train(
    method: Annotated[str, typer.Argument(help="Name of a method.")],
    plain: Annotated[
        bool, typer.Option("--plain", help="In this process, on one device, without Ray and MLflow.")
    ] = False,
    device: Annotated[
        str | None, typer.Option(help="With --plain: cpu, cuda, cuda:1 …; the first GPU if there is one.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="With --plain: folder for the model; outputs/trained/METHOD if not given.")
    ] = None,
    change: Annotated[
        list[str] | None, typer.Option("--set", help="key=value of the settings file, for this run; repeatable.")
    ] = None,
    params: Annotated[Path, typer.Option(help="The settings file.")] = Path("params.yaml"),
) -> None:
    """Train one method on the prepared faces. Ctrl-C leaves a checkpoint; the same command goes on from it."""
    from facealign.cli.lasting import settled
    from facealign.cli.params import load_params
    from facealign.config import UserError

    settings = settled(load_params(params, change or []))
    settings.section(method)
    if plain:
        from facealign.cli.train_plain import train_here

        train_here(settings, method, device, out)
    elif device is not None or out is not None:
        raise UserError("--device and --out go with --plain; on a cluster, set cluster.device")
    else:
        from facealign.cli.train import train_on_cluster

        train_on_cluster(settings, method)


@app.command()
def reproduce(
    table: Annotated[str, typer.Argument(help="A table of search_spaces/papers, awing-5, or the path of one.")],
    size: Annotated[
        Size, typer.Option(help="laptop: params.yaml as it is; paper: the method's recipe over it.")
    ] = "laptop",
    params: Annotated[Path, typer.Option(help="The settings file.")] = Path("params.yaml"),
    seeds: Annotated[
        int | None, typer.Option(min=1, help="Trainings of each row; as many as the paper's if not given.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Of each training; as the settings have it.")] = None,
    change: Annotated[
        list[str] | None, typer.Option("--set", help="key=value of the settings file, for all rows; repeatable.")
    ] = None,
    go_on: Annotated[bool, typer.Option("--continue", help="Train only what is missing.")] = False,
    plain: Annotated[
        bool, typer.Option("--plain", help="In this process, on one device, without Ray and MLflow.")
    ] = False,
    device: Annotated[str | None, typer.Option(help="With --plain: cpu, cuda, cuda:1 …")] = None,
) -> None:
    """Train the rows of a paper's ablation table, and print it with the paper's numbers and ours."""
    from facealign.cli.reproduce import Request
    from facealign.cli.reproduce import reproduce as run

    typer.echo(run(Request(table, size, params, tuple(change or ()), seeds, epochs, go_on, plain, device)))


@app.command()
def faces(
    out: Annotated[Path, typer.Argument(help="The PNG to write.")] = Path("faces.png"),
    folder: Annotated[
        str, typer.Option("--shards", help="Folder of prepared shards, or its URI.")
    ] = "outputs/shards",
    fold: Annotated[str, typer.Option(help="train, val or test.")] = "train",
    count: Annotated[int, typer.Option(min=1, help="How many faces.")] = 24,
    augmented: Annotated[
        str | None, typer.Option(help="As training shows them: a method, or an augmentation, recipe:adnet.")
    ] = None,
) -> None:
    """Draw prepared faces with their landmarks on one sheet."""
    from facealign.cli.sheet import draw_sheet

    draw_sheet(folder, fold, count, augmented, out)
    typer.echo(f"wrote {out}")


@app.command()
def replay(
    folder: Annotated[
        Path | None, typer.Argument(help="A run's, or one that holds several; default: this project's.")
    ] = None,
    to: Annotated[
        str | None, typer.Option(help="Address of the server, where the runs were begun with another.")
    ] = None,
) -> None:
    """Deliver to MLflow what runs on this machine said while the server was away."""
    from facealign.cli.replay import replay_all

    replay_all(folder, to)


@app.command()
def doctor(
    params: Annotated[Path, typer.Option(help="The settings file.")] = Path("params.yaml"),
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Check cluster, versions, storage, MLflow, room and shards before a training; exit with 1 where one fails."""
    import json

    from facealign.cli import doctor

    found = {}
    for name, finding in doctor.findings(params):
        found[name] = finding
        if not as_json:
            typer.echo(doctor.as_lines(name, finding))
    if as_json:
        typer.echo(json.dumps(doctor.as_json(found), indent=2, ensure_ascii=False))
    if any(finding.state == "failed" for finding in found.values()):
        raise typer.Exit(1)


@app.command()
def maps(
    model: Annotated[str, typer.Argument(help="A method that has been trained, or a model folder.")],
    out: Annotated[Path, typer.Option(help="The PNG to write.")] = Path("maps.png"),
    folder: Annotated[
        str, typer.Option("--shards", help="Folder of prepared shards, or its URI.")
    ] = "outputs/shards",
    fold: Annotated[str, typer.Option(help="train, val or test.")] = "test",
    count: Annotated[int, typer.Option(min=1, max=100, help="How many faces.")] = 4,
) -> None:
    """Draw what a trained network sees: heatmaps, edges, attention, beside what they should be."""
    from facealign.cli.maps import draw_maps

    draw_maps(model, folder, fold, count, out)
    typer.echo(f"wrote {out}")


@app.command()
def evaluate(
    model: Annotated[str, typer.Argument(help="A method that has been trained, or a model folder.")],
    folder: Annotated[
        str, typer.Option("--shards", help="Folder of prepared shards, of any data set, or its URI.")
    ] = "outputs/shards",
    fold: Annotated[str, typer.Option(help="train, val or test.")] = "test",
    name: Annotated[
        str | None, typer.Option(help="Of the folder in outputs/measured; METHOD-on-SOURCE if not given.")
    ] = None,
    params: Annotated[Path, typer.Option(help="The settings file, for `evaluation`.")] = Path("params.yaml"),
) -> None:
    """Measure a trained model on other faces: train on 300W, test on COFW-68."""
    from facealign.cli.evaluate import evaluate_elsewhere

    typer.echo(evaluate_elsewhere(model, folder, fold, name, params))


@app.command()
def score(
    predictions: Annotated[Path, typer.Argument(help="COCO-style .json, .csv, or a folder of .pts.")],
    truth: Annotated[
        str, typer.Option(help="Folder of prepared shards or its URI, or an evaluation's test.arrow.")
    ] = "outputs/shards",
    name: Annotated[
        str, typer.Option(help="Of the folder in outputs/measured, and of the row in reports.")
    ] = "scored",
    fold: Annotated[str, typer.Option(help="train, val or test.")] = "test",
    origin: Annotated[
        Literal["zero", "one"], typer.Option(help="Number of the first pixel in JSON and CSV; in .pts it is one.")
    ] = "zero",
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Leave out the faces that have no prediction.")
    ] = False,
    params: Annotated[Path, typer.Option(help="The settings file, for `evaluation`.")] = Path("params.yaml"),
) -> None:
    """Measure landmarks that another program predicted, by the same protocol as our own."""
    from facealign.cli.score import score_predictions

    typer.echo(score_predictions(predictions, truth, name, fold, origin, allow_missing, params))


@app.command()
def report(
    runs: Annotated[
        list[str],
        typer.Argument(help="Runs of outputs/evaluated, or folders with measured faces (`facealign score`)."),
    ],
    out: Annotated[Path, typer.Option(help="Folder for report.html and its pictures.")] = Path("report"),
    folder: Annotated[
        str, typer.Option("--shards", help="Folder of prepared shards, or its URI: the faces' pictures.")
    ] = "outputs/shards",
    faces: Annotated[
        int, typer.Option(min=1, max=30, help="Best, and as many worst faces drawn of each run.")
    ] = 6,
    timed: Annotated[bool, typer.Option("--time/--no-time", help="Time one face on this machine.")] = True,
) -> None:
    """Put runs side by side, and beside the papers, on one page without any script: report.html."""
    from facealign.cli.report import report as write

    typer.echo(f"wrote {write(runs, folder, out, faces, timed)}")


@app.command()
def ellipses(
    run: Annotated[str, typer.Argument(help="A run of outputs/evaluated, or a folder with its measured faces.")],
    out: Annotated[Path, typer.Option(help="The JSON to write.")] = Path("lambda.json"),
    fold: Annotated[
        str, typer.Option(help="val, so that a training by it has not seen the test; or test.")
    ] = "val",
) -> None:
    """Fit an ellipse to each landmark's errors: λ = a/b for ADNet's loss, strategy per_landmark."""
    from facealign.cli.ellipses import write_ellipses

    typer.echo(f"{write_ellipses(run, fold, out)}; wrote {out}")


@app.command()
def robustness(
    model: Annotated[str, typer.Argument(help="A method that has been trained, or a model folder.")],
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
    faces: Annotated[int | None, typer.Option(min=1, help="At the most; all of the fold if not given.")] = None,
    fold: Annotated[str, typer.Option(help="train, val or test.")] = "test",
    normaliser: Annotated[
        str | None, typer.Option(help="What errors are divided by; the landmarks' first if not given.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder; beside the method's evaluation if not given, of a model folder: robustness."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of what is drawn.")] = 0,
) -> None:
    """Measure a trained model on faces that are turned, blurred, covered …, and how still its landmarks stand."""
    from facealign.cli.robustness import robustness as measure

    typer.echo(measure(model, folder, kinds or [], faces, fold, normaliser, out, seed))


@app.command()
def export(
    model: Annotated[str, typer.Argument(help="A method that has been trained, or a model folder.")],
    out: Annotated[Path, typer.Argument(help="The ONNX file to write.")],
) -> None:
    """Write a trained model as ONNX: uint8 crops in, landmarks in crop pixels out; then compare the two."""
    from facealign.cli.export import export as write

    differences = write(model, out)
    found = ", ".join(f"{pixels:.2g} px with {faces}" for faces, pixels in differences.items())
    typer.echo(f"wrote {out}; largest difference from the model, by faces in the batch: {found}")


@app.command()
def versions(
    name: Annotated[str, typer.Argument(help="Of a registered model: facealign-300w.")],
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    params: Annotated[Path, typer.Option(help="The settings file.")] = Path("params.yaml"),
) -> None:
    """List the versions of a registered model, with aliases and the gate's decisions."""
    import json
    import sys

    from facealign.cli.registered import as_table, listed
    from facealign.report.tables import print_table

    rows = listed(name, params)
    if as_json:
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    else:
        print_table(as_table(rows), sys.stdout)


@app.command()
def rollback(
    name: Annotated[str, typer.Argument(help="Of a registered model: facealign-300w.")],
    reason: Annotated[str, typer.Option(help="Why; kept with both versions.")],
    to: Annotated[str | None, typer.Option(help="Number of a version; the previous if not given.")] = None,
    params: Annotated[Path, typer.Option(help="The settings file.")] = Path("params.yaml"),
) -> None:
    """Put the previous champion in force again, or any version; the gate never brings back what was withdrawn."""
    from facealign.cli.registered import go_back

    typer.echo(go_back(name, reason, to, params))


@app.command()
def trace(
    model: Annotated[str, typer.Argument(help="models:/NAME@champion, NAME@candidate, NAME/3, or NAME.")],
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder for its settings and the changes that were not committed.")
    ] = None,
    params: Annotated[Path, typer.Option(help="The settings file.")] = Path("params.yaml"),
) -> None:
    """Tell where a registered model came from, whether code, faces, settings here agree, how to make it again."""
    import json

    from facealign.cli import trace as cli_trace
    from facealign.cli.registered import uri_in
    from facealign.registry import trace as chain_of

    chain = chain_of(uri_in(params), model)
    files = [] if out is None else cli_trace.write_files(chain, out)
    if as_json:
        typer.echo(json.dumps(cli_trace.as_json(chain, params), indent=2, ensure_ascii=False))
    else:
        typer.echo(cli_trace.as_text(chain, params))
    for file in files:
        typer.echo(f"wrote {file}", err=True)


@app.command()
def predict(
    source: Annotated[Path, typer.Argument(help="A photo, a folder of photos, or a video.")],
    model: Annotated[str, typer.Option(help="models:/NAME@champion, or a model folder.")],
    runtime: Annotated[Runtime, typer.Option(help="onnx imports no torch; compiled starts slowly.")] = "torch",
    boxes: Annotated[
        Path | None,
        typer.Option(help="CSV (photo,x0,y0,x1,y1) or JSON with the faces' boxes; else they are found."),
    ] = None,
    form: Annotated[
        Literal["json", "csv", "pts"], typer.Option("--format", help="Of the landmarks that are written.")
    ] = "json",
    draw: Annotated[bool, typer.Option("--draw", help="Draw the landmarks on copies of the pictures.")] = False,
    out: Annotated[Path, typer.Option(help="Folder for landmarks and pictures.")] = Path("landmarks"),
    smooth: Annotated[bool, typer.Option("--smooth", help="Smooth a video's landmarks: one-euro filter.")] = False,
    min_cutoff: Annotated[
        float, typer.Option(min=1e-6, help="With --smooth: Hz, at rest; lower is calmer.")
    ] = 1.0,
    beta: Annotated[
        float, typer.Option(min=0, help="With --smooth: Hz for each face's side per second; higher lags less.")
    ] = 10.0,
) -> None:
    """Find the landmarks of every face on photos or in a video; exit with 1 where a photo could not be used."""
    from facealign.cli.predict import Request, told
    from facealign.cli.predict import predict as run
    from facealign.inference.one_euro import OneEuroSettings

    settings = OneEuroSettings(min_cutoff=min_cutoff, beta=beta) if smooth else None
    request = Request(
        source=source,
        model=model,
        runtime=runtime,
        boxes=boxes,
        format=form,
        draw=draw,
        out=out,
        smooth=settings,
    )
    outcome = run(request)
    typer.echo(told(request, outcome))
    if outcome.failed:
        raise typer.Exit(1)


@app.command()
def summary() -> None:
    """Compare the trained methods, name the registered model, and say what can be done next."""
    from facealign.cli.summary import print_summary

    print_summary()


def main() -> None:
    """Run a command; what the user has to mend is one message, without a stack trace."""
    with report_user_errors():
        app(standalone_mode=True)


if __name__ == "__main__":
    main()
