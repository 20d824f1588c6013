"""``facealign shards``: write, verify and describe Arrow shards."""

import typer

app = typer.Typer(help="Write, verify and describe Arrow shards.", no_args_is_help=True)
