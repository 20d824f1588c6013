"""``facealign search``: search over a method's settings, as a search file describes."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Search over a method's settings: check, estimate, run, show.", no_args_is_help=True)

ParamsOption = Annotated[Path, typer.Option("--params", help="The settings that every trial starts from.")]


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Search files.")],
    params: ParamsOption = Path("params.yaml"),
) -> None:
    """Check search files, and every value that they could try; report all that is wrong at once."""
    from facealign.config import ConfigError
    from facealign.search.load import load_search
    from facealign.workflows.search_setup import ParamsBaseline

    baseline = ParamsBaseline(params)
    wrong = []
    for path in files:
        try:
            file = load_search(path, baseline)
        except ConfigError as error:
            wrong.append(str(error))
        else:
            typer.echo(f"{path}: {len(file.space.parameters)} parameters of {file.method}, all of them in bounds")
    if wrong:
        raise ConfigError("\n".join(wrong))


@app.command()
def preview(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The search file.")],
    epoch_seconds: Annotated[
        float | None,
        typer.Option(
            min=0.001, help="Seconds of one epoch on one device; measured on the prepared faces if not given."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    params: ParamsOption = Path("params.yaml"),
) -> None:
    """Tell what a search will cost: trials at each rung, epochs, hours."""
    import json
    import sys

    from facealign.report.tables import print_table
    from facealign.workflows import search_show

    file, found, measured = search_show.preview_search(path, params, epoch_seconds)
    if as_json:
        typer.echo(json.dumps(search_show.as_json(found, measured), indent=2))
        return
    print_table(search_show.rungs_table(found), sys.stdout)
    for line in search_show.as_lines(file, found, measured):
        typer.echo(line)


@app.command()
def run(
    file: Annotated[Path, typer.Argument(help="The search file.")],
    go_on: Annotated[
        bool,
        typer.Option("--continue", help="Continue the existing study, if any; the budget may be raised."),
    ] = False,
    trials: Annotated[
        int | None, typer.Option(min=1, help="Total number of trials, instead of the file's budget.trials.")
    ] = None,
    change: Annotated[
        list[str] | None, typer.Option("--set", help="key=value of the params file, for this search; repeatable.")
    ] = None,
    params: ParamsOption = Path("params.yaml"),
) -> None:
    """Run a search. Ctrl-C stops it, and loses nothing; the same command with --continue goes on."""
    from facealign.workflows.search import run_search

    run_search(file, params, change or [], go_on=go_on, trials=trials)


@app.command()
def show(name: Annotated[str, typer.Argument(help="Name of the search, as in its file.")]) -> None:
    """List a search's trials and what was confirmed; it may be running."""
    from facealign.workflows.search_show import print_search

    print_search(name)
