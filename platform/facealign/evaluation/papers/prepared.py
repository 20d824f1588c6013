"""Decides which columns of a table the prepared faces can reproduce."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facealign.data.shards.index import Index
from facealign.data.shards.reader import ShardReader
from facealign.data.shards.row import Labels
from facealign.evaluation.papers.table import Column, DataSet, PaperTable
from facealign.geometry import LandmarkSchema
from facealign.storage.store import Place

NAMES: dict[DataSet, str] = {
    "300w": "300W",
    "300w_private": "300W private",
    "wflw": "WFLW",
    "cofw": "COFW",
    "aflw": "AFLW",
}
"""Names of the data sets as papers write them."""


@dataclass(frozen=True)
class Prepared:
    """The prepared faces that a table is measured on.

    Attributes:
        name: The source, as the index has it; the private split of 300W is ``300w_private``.
        schema: The landmarks.
        test: What each test face is reported under, in row order.
    """

    name: str
    schema: LandmarkSchema
    test: tuple[Labels, ...]

    @classmethod
    def open(cls, shards: Place) -> "Prepared":
        """The faces in a folder of shards.

        Raises:
            UserError: There is none, or no test face.
        """
        index = Index.load(shards)
        return cls(_name(index), index.landmarks, tuple(ShardReader(shards, "test").labels()))

    def stands_for(self, table: PaperTable) -> DataSet:
        """Which of the table's data sets these faces are measured as: themselves, or else the first one."""
        named = [column.data for column in table.columns.values()]
        return next((data for data in named if data == self.name), named[0])

    def lacking(self, table: PaperTable) -> dict[str, str]:
        """The columns that cannot be measured, and why."""
        found = {key: self._lack(column, self.stands_for(table)) for key, column in table.columns.items()}
        return {key: why for key, why in found.items() if why}

    def faces(self, column: Column) -> NDArray[np.bool_]:
        """(F,) the test faces of a column."""
        wanted = column.subset
        return np.array([wanted in (None, face.subset, *face.attributes) for face in self.test])

    def _lack(self, column: Column, data: DataSet) -> str:
        if column.figure == "printed":
            return "not measured here"
        if column.figure == "parameters":  # which the faces have no part in
            return ""
        if column.data != data:
            return f"needs {NAMES[column.data]}"
        if not self.faces(column).any():
            return f"no face here is in the subset {column.subset}"
        if column.figure.endswith(("nme", "rate", "auc")) and not _has(self.schema, column):
            return f"{self.schema.name} has no {column.normalizer} distance"
        return ""


def curve(schema: LandmarkSchema, name: str) -> tuple[int, ...] | None:
    """Landmarks of a boundary curve of the schema; None where it has none of that name."""
    return next((edge.indices for edge in schema.boundary if edge.name == name), None)


def _has(schema: LandmarkSchema, column: Column) -> bool:
    return column.normalizer in ("box", "diagonal", *schema.normalizers.names)


def _name(index: Index) -> str:
    is_private = index.source.name == "300w" and index.source.options.get("split") == "private"
    return "300w_private" if is_private else index.source.name
