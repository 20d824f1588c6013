"""Landmark schemas: how many points, which are mirror pairs, which lie on one curve, what to divide errors by."""

from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from facealign.config import Settings, UserError, load_settings

Normaliser = Literal["inter_ocular", "inter_pupil", "box", "diagonal"]


class Edge(Settings):
    """A facial contour: landmark indices in order; ``closed`` joins the last to the first."""

    name: str
    indices: tuple[int, ...]
    closed: bool = False

    @property
    def polyline(self) -> tuple[int, ...]:
        """The indices of the drawn line; a closed edge ends where it began."""
        return (*self.indices, self.indices[0]) if self.closed else self.indices


class Normalisers(Settings):
    """Landmarks between whose means the reference distances are measured; absent where the schema has none."""

    inter_ocular: tuple[tuple[int, ...], tuple[int, ...]] | None = None
    inter_pupil: tuple[tuple[int, ...], tuple[int, ...]] | None = None


class LandmarkSchema(Settings):
    """A named landmark scheme.

    Attributes:
        name: For example ``ibug68``.
        size: Number of landmarks, N.
        flip: Permutation of 0…N−1: landmark ``i`` of a mirrored face is landmark ``flip[i]`` of the face.
        edges: The contours that ADNet draws and measures errors along.
        boundary: The curves that AWing merges into its one boundary channel (13 on 68 and 98 points).
        corners: Landmarks where two curves meet at an angle: eye and mouth corners.
        normalisers: Reference distances for the NME.
    """

    name: str
    size: int
    flip: tuple[int, ...]
    edges: tuple[Edge, ...] = ()
    boundary: tuple[Edge, ...] = ()
    corners: tuple[int, ...] = ()
    normalisers: Normalisers = Normalisers()

    @model_validator(mode="after")
    def _check(self) -> "LandmarkSchema":
        if sorted(self.flip) != list(range(self.size)):
            raise ValueError(f"flip is not a permutation of 0…{self.size - 1}")
        if any(self.flip[self.flip[i]] != i for i in range(self.size)):
            raise ValueError("flip does not undo itself; mirror pairs must name each other")
        short = [edge.name for edge in (*self.edges, *self.boundary) if len(edge.indices) < 2]
        if short:
            raise ValueError(f"{', '.join(short)}: a curve needs at least two landmarks")
        named = [(edge.name, edge.indices) for edge in (*self.edges, *self.boundary)]
        for name, indices in [*named, ("corners", self.corners)]:
            outside = [i for i in indices if not 0 <= i < self.size]
            if outside:
                raise ValueError(f"{name}: landmarks {outside} are outside 0…{self.size - 1}")
        return self

    def reference_distance(self, points: NDArray[np.float64], normaliser: Normaliser) -> NDArray[np.float64]:
        """The distance that errors are divided by, one for each face.

        Args:
            points: (…, N, 2) true landmarks, in any frame; the distance is in the same unit.
            normaliser: ``inter_ocular`` (outer eye corners), ``inter_pupil`` (eye centres), ``box`` (√(w·h) of the
                landmarks' tight box) or ``diagonal`` (of that box).

        Raises:
            UserError: The schema has no such reference.
        """
        if normaliser in ("box", "diagonal"):
            width, height = np.moveaxis(points.max(axis=-2) - points.min(axis=-2), -1, 0)
            distance: NDArray[np.float64] = (
                np.sqrt(width * height) if normaliser == "box" else np.hypot(width, height)
            )
            return distance
        pair = getattr(self.normalisers, normaliser)
        if pair is None:
            raise UserError(f"schema {self.name} has no {normaliser} distance; use `box` or `diagonal`")
        first, second = (points[..., list(group), :].mean(axis=-2) for group in pair)
        return np.asarray(np.linalg.norm(first - second, axis=-1))


def schema_names() -> tuple[str, ...]:
    """The names of the built-in schemas."""
    files = (entry.name for entry in _folder().iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in files if name.endswith(".yaml")))


@cache
def load_schema(name: str) -> LandmarkSchema:
    """The built-in schema ``name``, or the one in the YAML file that ``name`` is the path of.

    Raises:
        UserError: There is neither; or the file breaks a rule (every one is named).
    """
    if name.endswith((".yaml", ".yml")):
        return load_settings(Path(name), LandmarkSchema)
    entry = _folder() / f"{name}.yaml"
    if not entry.is_file():
        raise UserError(
            f"unknown schema {name!r}; known are {', '.join(schema_names())}, or the path of a YAML file"
        )
    with resources.as_file(entry) as path:
        return load_settings(path, LandmarkSchema)


def _folder() -> Any:
    return resources.files("facealign.geometry") / "schemas"
