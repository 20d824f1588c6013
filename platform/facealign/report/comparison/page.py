"""``report.html``: sections of sentences, tables and pictures on one page without any script."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from facealign.report.comparison.tables import Table
from facealign.report.page import Shown, templates


@dataclass(frozen=True, kw_only=True)
class Part:
    """A piece of a section, shown from the top: heading, sentences, picture, table, facts.

    Attributes:
        shown: A picture; ``alt`` says it in words.
        name: Of the picture's file.
        folded: What the reader opens to see the table; empty: it is open.
    """

    heading: str = ""
    sentences: tuple[str, ...] = ()
    shown: Shown | None = None
    alt: str = ""
    name: str = ""
    table: Table | None = None
    folded: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Section:
    """A heading with how to read what is below it."""

    key: str
    title: str
    parts: tuple[Part, ...]
    reading: tuple[str, ...] = ()


def picture(name: str, found: Shown, alt: str, heading: str = "") -> Part:
    """A picture as a part; what it says where it could not be drawn."""
    if found.data is None:
        return Part(heading=heading, sentences=(found.refusal,))
    return Part(heading=heading, shown=found, alt=alt, name=name)


def page(title: str, subtitle: str, verdict: Sequence[str], sections: Sequence[Section]) -> str:
    """The page as HTML."""
    template = templates().get_template("comparison/page.html.j2")
    return template.render(title=title, subtitle=subtitle, verdict=verdict, sections=sections)
