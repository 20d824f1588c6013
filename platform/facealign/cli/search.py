"""``facealign search``: search over a method's settings, by a file that says what, how and how long."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Search over a method's settings: check, price, run, look at it.", no_args_is_help=True)

ParamsOption = Annotated[Path, typer.Option("--params", help="The settings that every trial starts from.")]


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Search files.")],
    params: ParamsOption = Path("params.yaml"),
) -> None:
    """Check search files, and every value that they could try; report all that is wrong at once."""
    from facealign.cli.baseline import ParamsBaseline
    from facealign.config import ConfigError
    from facealign.search.reading import load_search

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
