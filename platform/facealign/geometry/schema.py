"""Landmark schemas: how many points, which are mirror pairs, which lie on one curve, what to divide errors by."""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from facealign.config import ConfigError, Settings, UserError, load_settings

# What a landmark schema must keep, all of it looked at before anything is reported.


if TYPE_CHECKING:
    pass

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_MOST_LANDMARKS = 10_000


class Broken(NamedTuple):
    """A broken rule, and the keys that locate it in the file."""

    at: tuple[str | int, ...]
    rule: str


def require_rules(schema: "LandmarkSchema") -> None:
    """Refuse a schema that breaks a rule.

    Raises:
        ValidationError: With every broken rule, each with its location.
    """
    broken = list(broken_rules(schema))
    if broken:
        raise ValidationError.from_exception_data(
            "LandmarkSchema",
            [
                # An empty mapping for input: the message itself names what was found.
                InitErrorDetails(type=PydanticCustomError("schema", "{rule}", {"rule": rule}), loc=at, input={})
                for at, rule in broken
            ],
        )


def broken_rules(schema: "LandmarkSchema") -> Iterator[Broken]:
    """List every rule that the schema breaks."""
    if not _NAME.fullmatch(schema.name):
        yield Broken(
            ("name",), f"{schema.name!r}: a name is a letter, then letters, digits and _ . - (64 at most)"
        )
    if not 1 <= schema.size <= _MOST_LANDMARKS:
        yield Broken(("size",), f"{schema.size} landmarks; 1 to {_MOST_LANDMARKS} are possible")
        return
    flips = list(_broken_flip(schema))
    yield from flips
    for key, edges in (("edges", schema.edges), ("boundary", schema.boundary)):
        yield from _broken_edges(schema, key, edges, flips=not flips)
    yield from _broken_indices(schema, ("corners",), "corners", schema.corners)
    if not flips and _in_range(schema, schema.corners):
        alone = sorted({i for i in schema.corners if schema.flip[i] not in schema.corners})
        if alone:
            yield Broken(("corners",), f"corners: the mirror partners of landmarks {alone} are no corners")
    yield from _broken_normalizers(schema, flips=not flips)


def notes(schema: "LandmarkSchema") -> Iterator[str]:
    """List properties that are allowed but most often a mistake."""
    if schema.size > 1 and schema.flip == tuple(range(schema.size)):
        yield "flip leaves every landmark what it is: right for profiles, wrong for whole faces"
    on_edges = {i for edge in schema.edges for i in edge.indices}
    free = sorted(set(range(schema.size)) - on_edges)
    if not schema.edges:
        yield "no edges: plots show dots alone, and what follows contours cannot be trained or measured"
    elif free:
        yield f"landmarks {free} are on no edge"
    if not schema.boundary:
        yield "no boundary: methods that draw facial boundaries cannot use it"
    for name in () if schema.normalizers.torso else ("inter_ocular", "inter_pupil"):
        pair = getattr(schema.normalizers, name)
        if pair is None:
            yield f"no {name} normalizer: errors are divided by `box` or `diagonal`"
        elif schema.flip != tuple(range(schema.size)) and all(
            _mirrored(schema, group) == set(group) for group in pair
        ):
            yield f"normalizers.{name} runs along the middle of the face: its ends are their own mirror partners"


def _broken_flip(schema: "LandmarkSchema") -> Iterator[Broken]:
    flip, size = schema.flip, schema.size
    if sorted(flip) == list(range(size)):
        astray = [i for i in range(size) if flip[flip[i]] != i]
        if astray:
            yield Broken(
                ("flip",), f"flip does not undo itself at landmarks {astray}; mirror partners must name each other"
            )
        return
    found = [f"it has {len(flip)} entries"] if len(flip) != size else []
    doubled = sorted({i for i in flip if flip.count(i) > 1})
    missing = sorted(set(range(size)) - set(flip))
    found += [f"{what} {_few(which)}" for what, which in (("twice", doubled), ("missing", missing)) if which]
    outside = sorted({i for i in flip if not 0 <= i < size})
    found += [f"outside {_few(outside)}"] if outside else []
    yield Broken(("flip",), f"flip is not a permutation of 0…{size - 1}: {', '.join(found)}")


def _broken_edges(schema: "LandmarkSchema", key: str, edges: "Sequence[Edge]", flips: bool) -> Iterator[Broken]:
    names = [edge.name for edge in edges]
    contours = {frozenset(edge.indices) for edge in edges}
    for number, edge in enumerate(edges):
        at = (key, number)
        if not _NAME.fullmatch(edge.name):
            yield Broken((*at, "name"), f"{edge.name!r}: a name is a letter, then letters, digits and _ . -")
        if names.index(edge.name) < number:
            yield Broken((*at, "name"), f"{edge.name}: an earlier curve has the same name")
        if len(edge.indices) < 2 + edge.closed:
            needed = "three landmarks to close" if edge.closed else "two landmarks"
            yield Broken((*at, "indices"), f"{edge.name}: a curve needs at least {needed}")
        yield from _broken_indices(schema, (*at, "indices"), edge.name, edge.indices)
        if flips and _in_range(schema, edge.indices) and _mirrored(schema, edge.indices) not in contours:
            mirrored = [schema.flip[i] for i in edge.indices]
            yield Broken(
                (*at, "indices"), f"{edge.name}: flip maps it onto {mirrored}, and no curve of `{key}` has these"
            )


def _broken_normalizers(schema: "LandmarkSchema", flips: bool) -> Iterator[Broken]:
    for name in schema.normalizers.names:
        pair = getattr(schema.normalizers, name)
        at = ("normalizers", name)
        first, second = map(set, pair)
        for group in pair:
            yield from _broken_indices(schema, at, name, group)
        if not (first and second):
            yield Broken(at, f"{name}: both ends need a landmark")
        elif first == second:
            yield Broken(at, f"{name}: both ends are the same landmarks, so the distance is 0")
        # A torso is measured from one side's shoulder to the other's hip: of the two diagonals, one is the custom.
        elif name != "torso" and flips and all(_in_range(schema, group) for group in pair):
            ends = {frozenset(first), frozenset(second)}
            if {frozenset(_mirrored(schema, group)) for group in pair} != ends:
                yield Broken(at, f"{name}: a mirrored face has another distance; its ends must be mirror partners")


def _broken_indices(
    schema: "LandmarkSchema", at: tuple[str | int, ...], name: str, indices: Sequence[int]
) -> Iterator[Broken]:
    outside = [i for i in indices if not 0 <= i < schema.size]
    if outside:
        yield Broken(at, f"{name}: landmarks {outside} are outside 0…{schema.size - 1}")
    doubled = sorted({i for i in indices if indices.count(i) > 1})
    if doubled:
        yield Broken(
            at, f"{name}: landmarks {doubled} are named twice; `closed: true` joins the last to the first"
        )


def _in_range(schema: "LandmarkSchema", indices: Sequence[int]) -> bool:
    return all(0 <= i < schema.size for i in indices)


def _mirrored(schema: "LandmarkSchema", indices: Sequence[int]) -> set[int]:
    return {schema.flip[i] for i in indices}


def _few(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers[:8])) + (", …" if len(numbers) > 8 else "")


Normalizer = Literal["inter_ocular", "inter_pupil", "torso", "box", "diagonal"]

LANDMARK_NORMALIZERS: tuple[Normalizer, ...] = ("inter_ocular", "inter_pupil", "torso")
"""Normalizers between landmarks that a schema has to name."""

_ASYMMETRY = 0.2
"""Fraction of a layout's longer side by which no typical face is asymmetric."""


class Edge(Settings):
    """A facial contour: landmark indices in order; ``closed`` joins the last to the first."""

    name: str
    indices: tuple[int, ...]
    closed: bool = False

    @property
    def polyline(self) -> tuple[int, ...]:
        """The indices of the drawn line; a closed edge ends where it began."""
        return (*self.indices, self.indices[0]) if self.closed else self.indices


class Normalizers(Settings):
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
    def names(self) -> tuple[Normalizer, ...]:
        """The names of the normalizers that the schema has."""
        return tuple(name for name in LANDMARK_NORMALIZERS if getattr(self, name) is not None)


class LandmarkSchema(Settings):
    """A named landmark scheme.

    Attributes:
        name: For example ``ibug68``.
        size: Number of landmarks, N.
        flip: Permutation of 0…N−1: landmark ``i`` of a mirrored face is landmark ``flip[i]`` of the face.
        edges: The contours that ADNet draws and measures errors along.
        boundary: The curves that AWing merges into its one boundary channel (13 on 68 and 98 points).
        corners: Landmarks where two curves meet at an angle: eye and mouth corners.
        normalizers: Reference distances for the NME.
    """

    name: str
    size: int
    flip: tuple[int, ...]
    edges: tuple[Edge, ...] = ()
    boundary: tuple[Edge, ...] = ()
    corners: tuple[int, ...] = ()
    normalizers: Normalizers = Normalizers()

    @model_validator(mode="after")
    def _check(self) -> "LandmarkSchema":
        require_rules(self)
        return self

    def reference_distance(self, points: NDArray[np.float64], normalizer: Normalizer) -> NDArray[np.float64]:
        """The distance that errors are divided by, one for each face.

        Args:
            points: (…, N, 2) true landmarks, in any frame; the distance is in the same unit.
            normalizer: ``inter_ocular`` (outer eye corners), ``inter_pupil`` (eye centers), ``torso`` (shoulder to
                opposite hip), ``box`` (√(w·h) of the landmarks' tight box) or ``diagonal`` (of that box).

        Raises:
            UserError: The schema has no such reference.
        """
        if normalizer in ("box", "diagonal"):
            width, height = np.moveaxis(points.max(axis=-2) - points.min(axis=-2), -1, 0)
            distance: NDArray[np.float64] = (
                np.sqrt(width * height) if normalizer == "box" else np.hypot(width, height)
            )
            return distance
        pair = getattr(self.normalizers, normalizer)
        if pair is None:
            others = ", ".join([*self.normalizers.names, "box", "diagonal"])
            raise UserError(
                f"schema {self.name} has no {normalizer} distance; set `normalizer` to one of: {others}"
            )
        first, second = (points[..., list(group), :].mean(axis=-2) for group in pair)
        return np.asarray(np.linalg.norm(first - second, axis=-1))


class SchemaFile(LandmarkSchema):
    """A schema as its YAML file has it.

    The layout is only for plots of the schema. It is not part of the schema, so that prepared data and models
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
            [f"by the layout, landmarks {far} are not where their mirror partners are; correct flip"]
            if far
            else []
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
    """Load a schema with its layout.

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
