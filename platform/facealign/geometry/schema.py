"""Landmark schemas: how many points, which are mirror pairs, which lie on one curve, what to divide errors by."""

from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from facealign.config import ConfigError, Settings, UserError, load_settings
from facealign.geometry.schema_rules import require_rules

Normaliser = Literal["inter_ocular", "inter_pupil", "torso", "box", "diagonal"]

LANDMARK_NORMALISERS: tuple[Normaliser, ...] = ("inter_ocular", "inter_pupil", "torso")
"""Those between landmarks that a schema has to name."""

_ASYMMETRY = 0.2
"""Of a layout's longer side: no typical face is that uneven."""


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
    """Landmarks between whose means the reference distances are measured; absent where the schema has none.

    A body has a torso, a face the other two.
    """

    inter_ocular: tuple[tuple[int, ...], tuple[int, ...]] | None = None
    inter_pupil: tuple[tuple[int, ...], tuple[int, ...]] | None = None
    # Of a face nothing is written, so that faces prepared before there were bodies are still what they were.
    torso: tuple[tuple[int, ...], tuple[int, ...]] | None = Field(
        default=None, exclude_if=lambda pair: pair is None
    )

    @property
    def names(self) -> tuple[Normaliser, ...]:
        """Those that there are."""
        return tuple(name for name in LANDMARK_NORMALISERS if getattr(self, name) is not None)


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
        require_rules(self)
        return self

    def reference_distance(self, points: NDArray[np.float64], normaliser: Normaliser) -> NDArray[np.float64]:
        """The distance that errors are divided by, one for each face.

        Args:
            points: (…, N, 2) true landmarks, in any frame; the distance is in the same unit.
            normaliser: ``inter_ocular`` (outer eye corners), ``inter_pupil`` (eye centres), ``torso`` (shoulder to
                opposite hip), ``box`` (√(w·h) of the landmarks' tight box) or ``diagonal`` (of that box).

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
            others = ", ".join([*self.normalisers.names, "box", "diagonal"])
            raise UserError(
                f"schema {self.name} has no {normaliser} distance; set `normaliser` to one of: {others}"
            )
        first, second = (points[..., list(group), :].mean(axis=-2) for group in pair)
        return np.asarray(np.linalg.norm(first - second, axis=-1))


class SchemaFile(LandmarkSchema):
    """A schema as its YAML file has it.

    The layout is for pictures of the schema alone. It is no part of the schema, so that prepared data and models
    are the same with it and without.

    Attributes:
        layout: (x, y) of each landmark of a typical face, y downwards, in any unit; empty: none.
    """

    layout: tuple[tuple[float, float], ...] = ()

    @model_validator(mode="after")
    def _check_layout(self) -> "SchemaFile":
        if self.layout and len(self.layout) != self.size:
            raise ValueError(f"layout has {len(self.layout)} landmarks of {self.size}")
        if not np.isfinite(self.layout).all():
            raise ValueError("layout: coordinates must be finite")
        return self

    def notes_on_layout(self) -> list[str]:
        """Landmarks whose mirror partner lies elsewhere: most often a slip in ``flip``."""
        at_N2 = np.array(self.layout, dtype=np.float64).reshape(-1, 2)
        if not len(at_N2) or self.flip == tuple(range(self.size)):
            return []
        low, high = at_N2.min(axis=0), at_N2.max(axis=0)
        mirrored_N2 = at_N2[list(self.flip)] * [-1, 1] + [low[0] + high[0], 0]
        away_N = np.linalg.norm(mirrored_N2 - at_N2, axis=1) / max(float((high - low).max()), 1e-9)
        far = np.flatnonzero(away_N > _ASYMMETRY).tolist()
        return (
            [f"by the layout, landmarks {far} are not where their mirror partners are; mend flip"] if far else []
        )

    def schema_alone(self) -> LandmarkSchema:
        """The schema without the layout."""
        return LandmarkSchema.model_validate(self.model_dump(exclude={"layout"}))


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
    return load_schema_file(name).schema_alone()


def load_schema_file(name: str) -> SchemaFile:
    """As ``load_schema``, with the layout.

    Raises:
        UserError: As ``load_schema`` does; or a file of one's own bears a built-in schema's name.
    """
    if name.endswith((".yaml", ".yml")):
        own = load_settings(Path(name), SchemaFile)
        if own.name in schema_names() and own.schema_alone() != load_schema(own.name):
            raise ConfigError(
                f"{name}: {own.name!r} is the name of a built-in schema that differs; choose another"
            )
        return own
    entry = _folder() / f"{name}.yaml"
    if name not in schema_names():
        raise UserError(
            f"unknown schema {name!r}; known are {', '.join(schema_names())}, or the path of a YAML file"
        )
    with resources.as_file(entry) as path:
        return load_settings(path, SchemaFile)


def _folder() -> Any:
    return resources.files("facealign.geometry") / "schemas"
