"""``facealign schema``: landmark schemas: the built-in ones, and your own."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Landmark schemas: the built-in ones, and your own.", no_args_is_help=True)


@app.command("list")
def list_schemas() -> None:
    """Name the built-in schemas, with what each has."""
    from facealign.geometry import load_schema, schema_names

    for name in schema_names():
        schema = load_schema(name)
        typer.echo(
            f"{name:8} {schema.size:3} landmarks, {len(schema.edges):2} edges, {len(schema.boundary):2} boundary "
            f"curves, {len(schema.corners)} corners; {', '.join([*schema.normalizers.names, 'box', 'diagonal'])}"
        )


@app.command()
def check(
    schema: Annotated[str, typer.Argument(help="A YAML file, or the name of a built-in schema.")],
    picture: Annotated[Path | None, typer.Option(help="PNG to draw the schema on.")] = None,
    shards: Annotated[
        Path | None, typer.Option(help="Prepared data: their mean shape is drawn instead of the file's layout.")
    ] = None,
) -> None:
    """Check every rule of a schema, and report all that is broken at once."""
    from facealign.geometry.schema import load_schema_file, notes

    found = load_schema_file(schema)
    for note in [*notes(found), *found.notes_on_layout()]:
        typer.echo(f"note: {note}")
    typer.echo(f"{schema}: {found.name}, {found.size} landmarks, {len(found.edges)} edges; every rule is kept")
    if picture is not None:
        from facealign.report.schema_plot import save_schema_plot
        from facealign.workflows.datasets import layout_of

        save_schema_plot(picture, found, layout_of(found, schema, shards))
        typer.echo(f"wrote {picture}")
