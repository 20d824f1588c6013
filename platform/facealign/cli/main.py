"""The `facealign` command. Commands import what they need when they run, so that `--help` is quick."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from facealign import __version__
from facealign.cli import data, evaluate, models, schema, search, shards
from facealign.cli.renamed import CommandGroup
from facealign.workflows.errors import report_user_errors

app = typer.Typer(
    name="facealign",
    cls=CommandGroup,
    help="Train, search, compare and register facial-landmark models on a Ray cluster.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"facealign {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Train, search, compare and register facial-landmark models on a Ray cluster."""


app.add_typer(data.app, name="data")
app.add_typer(shards.app, name="shards")
app.add_typer(schema.app, name="schema")
app.add_typer(search.app, name="search")
app.add_typer(evaluate.app)
app.add_typer(models.app)

Preset = Literal["paper", "small"]
ParamsPath = Annotated[Path, typer.Argument(help="The settings file.")]


@app.command()
def check(params: ParamsPath = Path("params.yaml")) -> None:
    """Check every setting, and report all that is wrong at once."""
    from facealign.workflows.settings import load_params

    load_params(params)
    typer.echo(f"{params}: every setting is known and in its bounds")


@app.command()
def apply(
    recipe: Annotated[Path, typer.Argument(help="A file of recipes/, or one of your own.")],
    params: ParamsPath = Path("params.yaml"),
) -> None:
    """Put a recipe's settings into the settings file; comments and all other settings stay."""
    from facealign.workflows.settings import apply_recipe

    for key in apply_recipe(recipe, params):
        typer.echo(f"{params}: {key}")


@app.command()
def describe(
    method: Annotated[str, typer.Argument(help="Name of a method.")],
    schema: Annotated[str, typer.Option(help="Landmark schema: a name, or the path of a YAML file.")] = "ibug68",
    preset: Annotated[
        Preset, typer.Option(help="paper: its defaults at 256 px; small: as params.yaml has it.")
    ] = "paper",
    change: Annotated[
        list[str] | None, typer.Option("--set", help="key=value below the method's model settings; repeatable.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    params: Annotated[Path, typer.Option(help="The settings file.")] = Path("params.yaml"),
) -> None:
    """Show a method's parts, its cost, and the source of each of its choices."""
    import json

    from facealign.workflows.describe import as_text, describe

    found = describe(method, schema, preset, change or [], params)
    typer.echo(json.dumps(found, indent=2, ensure_ascii=False) if as_json else as_text(found))


@app.command()
def train(
    method: Annotated[str, typer.Argument(help="Name of a method.")],
    plain: Annotated[
        bool, typer.Option("--plain", help="Run in this process, on one device, without Ray and MLflow.")
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
    from facealign.config import UserError
    from facealign.workflows.settings import load_params, resolve_storage

    settings = resolve_storage(load_params(params, change or []))
    settings.section(method)
    if plain:
        from facealign.workflows.train_plain import train_here

        train_here(settings, method, device, out)
    elif device is not None or out is not None:
        raise UserError("--device and --out go with --plain; on a cluster, set cluster.device")
    else:
        from facealign.workflows.train import train_on_cluster

        train_on_cluster(settings, method)


@app.command()
def reproduce(
    table: Annotated[str, typer.Argument(help="A table of search_spaces/papers, awing-5, or the path of one.")],
    preset: Annotated[
        Preset, typer.Option(help="small: params.yaml as it is; paper: the method's recipe over it.")
    ] = "small",
    params: Annotated[Path, typer.Option(help="The settings file.")] = Path("params.yaml"),
    seeds: Annotated[
        int | None, typer.Option(min=1, help="Trainings of each row; as many as the paper's if not given.")
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Epochs of each training; as in the settings if not given.")
    ] = None,
    change: Annotated[
        list[str] | None, typer.Option("--set", help="key=value of the settings file, for all rows; repeatable.")
    ] = None,
    go_on: Annotated[bool, typer.Option("--continue", help="Train only what is missing or failed.")] = False,
    plain: Annotated[
        bool, typer.Option("--plain", help="Run in this process, on one device, without Ray and MLflow.")
    ] = False,
    device: Annotated[str | None, typer.Option(help="With --plain: cpu, cuda, cuda:1 …")] = None,
) -> None:
    """Train the rows of a paper's ablation table, and print it with the paper's numbers and ours."""
    from facealign.workflows.reproduce import ReproductionRequest
    from facealign.workflows.reproduce import reproduce as run

    typer.echo(
        run(ReproductionRequest(table, preset, params, tuple(change or ()), seeds, epochs, go_on, plain, device))
    )


@app.command()
def sync(
    folder: Annotated[
        Path | None,
        typer.Argument(help="Buffer of a run, or a folder of several; this project's if not given."),
    ] = None,
    to: Annotated[
        str | None, typer.Option(help="URI of a server other than the one that the runs were started with.")
    ] = None,
) -> None:
    """Send to MLflow the records that runs buffered on this machine while the server was down."""
    from facealign.workflows.sync import sync_all

    sync_all(folder, to)


@app.command()
def doctor(
    params: Annotated[Path, typer.Option(help="The settings file.")] = Path("params.yaml"),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check cluster, versions, storage, MLflow, room and shards before a training; exit with 1 where one fails."""
    import json

    from facealign.workflows import doctor

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
    from facealign.workflows.visualize import draw_maps

    draw_maps(model, folder, fold, count, out)
    typer.echo(f"wrote {out}")


@app.command()
def summary() -> None:
    """Compare the trained methods, name the registered model, and say what can be done next."""
    from facealign.workflows.report import print_summary

    print_summary()


def main() -> None:
    """Run a command; a user error is one message without a stack trace."""
    with report_user_errors():
        app(standalone_mode=True)


if __name__ == "__main__":
    main()
