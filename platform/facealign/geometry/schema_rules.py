"""What a landmark schema must keep, all of it looked at before anything is reported."""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

if TYPE_CHECKING:
    from facealign.geometry.schema import Edge, LandmarkSchema

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_MOST_LANDMARKS = 10_000


class Broken(NamedTuple):
    """A broken rule, and the keys that lead to its place in the file."""

    at: tuple[str | int, ...]
    rule: str


def require_rules(schema: "LandmarkSchema") -> None:
    """Refuse a schema that breaks a rule.

    Raises:
        ValidationError: With every broken rule, each at its place.
    """
    broken = list(broken_rules(schema))
    if broken:
        raise ValidationError.from_exception_data(
            "LandmarkSchema",
            [
                # An empty mapping for input: the message says itself what was found.
                InitErrorDetails(type=PydanticCustomError("schema", "{rule}", {"rule": rule}), loc=at, input={})
                for at, rule in broken
            ],
        )


def broken_rules(schema: "LandmarkSchema") -> Iterator[Broken]:
    """Every broken rule."""
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
    yield from _broken_normalisers(schema, flips=not flips)


def notes(schema: "LandmarkSchema") -> Iterator[str]:
    """What is allowed and yet most often a slip."""
    if schema.size > 1 and schema.flip == tuple(range(schema.size)):
        yield "flip leaves every landmark what it is: right for profiles, wrong for whole faces"
    on_edges = {i for edge in schema.edges for i in edge.indices}
    free = sorted(set(range(schema.size)) - on_edges)
    if not schema.edges:
        yield "no edges: pictures show dots alone, and what follows contours cannot be trained or measured"
    elif free:
        yield f"landmarks {free} are on no edge"
    if not schema.boundary:
        yield "no boundary: methods that draw facial boundaries cannot use it"
    for name in () if schema.normalisers.torso else ("inter_ocular", "inter_pupil"):
        pair = getattr(schema.normalisers, name)
        if pair is None:
            yield f"no {name} normaliser: errors are divided by `box` or `diagonal`"
        elif schema.flip != tuple(range(schema.size)) and all(
            _mirrored(schema, group) == set(group) for group in pair
        ):
            yield f"normalisers.{name} runs along the middle of the face: its ends are their own mirror partners"


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


def _broken_normalisers(schema: "LandmarkSchema", flips: bool) -> Iterator[Broken]:
    for name in schema.normalisers.names:
        pair = getattr(schema.normalisers, name)
        at = ("normalisers", name)
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
