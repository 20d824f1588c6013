"""``facealign data``: look at a data set as it was published, before anything is prepared."""

import typer

app = typer.Typer(help="Look at a data set as it was published, before anything is prepared.", no_args_is_help=True)
