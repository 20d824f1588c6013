"""``facealign schema``: landmark schemas: the built-in ones, and your own."""

import typer

app = typer.Typer(help="Landmark schemas: the built-in ones, and your own.", no_args_is_help=True)
