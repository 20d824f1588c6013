"""The tables' files: ``search_spaces/papers/METHOD-NUMBER.yaml``; of the main results, beside this code."""

from functools import cache
from pathlib import Path

from facealign.config import ConfigError, UserError, load_settings
from facealign.evaluation.papers.table import PaperTable

FOLDER = Path("search_spaces/papers")
PUBLISHED = Path(__file__).parent / "published"
"""Folder of the tables that compare the papers with others: nothing is trained for them."""


def table_names(folder: Path = FOLDER) -> tuple[str, ...]:
    """The tables there are, by paper and number."""
    names = [path.stem for path in folder.glob("*.yaml")]
    return tuple(sorted(names, key=lambda name: (name.rpartition("-")[0], name.rpartition("-")[2].zfill(4))))


def table_path(name: str, folder: Path = FOLDER) -> Path:
    """Find the file of a table by its name, or by the path of its YAML file.

    Raises:
        UserError: There is none.
    """
    if name.endswith((".yaml", ".yml")):
        return Path(name)
    if name not in table_names(folder):
        known = ", ".join(table_names(folder)) or f"none; {folder} is looked for in the current folder"
        raise UserError(f"unknown table {name!r}; known are: {known}")
    return folder / f"{name}.yaml"


def load_table(path: Path) -> PaperTable:
    """The table in a file.

    Raises:
        ConfigError: Every broken rule, with its line; or the file has another name than its table.
    """
    table = load_settings(path, PaperTable)
    if path.stem != table.name:
        raise ConfigError(f"{path}: holds table {table.table} of method {table.method}; call it {table.name}.yaml")
    return table


@cache
def published_tables() -> tuple[PaperTable, ...]:
    """The papers' main results, by paper and number."""
    return tuple(load_table(PUBLISHED / f"{name}.yaml") for name in table_names(PUBLISHED))
