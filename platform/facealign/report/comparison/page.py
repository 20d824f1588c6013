"""``report.html``: sections of sentences, tables and plots on one page without any script."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from facealign.config import UserError
from facealign.data.shards.reader import ShardReader
from facealign.evaluation.papers.table import DataSet
from facealign.metrics import angles_to_edges, error_ellipses
from facealign.report.comparison import tables
from facealign.report.comparison.differences import Difference, best_of, differences
from facealign.report.comparison.mean_face import SIGMAS, ellipse_map, error_map
from facealign.report.comparison.published import published_beside
from facealign.report.comparison.run import ReportRun
from facealign.report.comparison.tables import Table
from facealign.report.curves import ced, learning_curve
from facealign.report.page import EmbeddedImage, jpeg, shown, templates, write_whole
from facealign.report.predictions import extremes_grid
from facealign.report.robustness import robustness_plot


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of a section, from top to bottom: heading, sentences, plot, table, facts.

    Attributes:
        shown: A plot; ``alt`` says it in words.
        name: Name of the plot's file.
        folded: What the reader opens to see the table; empty: it is open.
    """

    heading: str = ""
    sentences: tuple[str, ...] = ()
    shown: EmbeddedImage | None = None
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


def picture(name: str, found: EmbeddedImage, alt: str, heading: str = "") -> Part:
    """Make a part of a plot, or of its error message where it could not be drawn."""
    if found.data is None:
        return Part(heading=heading, sentences=(found.error,))
    return Part(heading=heading, shown=found, alt=alt, name=name)


def page(title: str, subtitle: str, verdict: Sequence[str], sections: Sequence[Section]) -> str:
    """The page as HTML."""
    template = templates().get_template("comparison/page.html.j2")
    return template.render(title=title, subtitle=subtitle, verdict=verdict, sections=sections)


# What the report comes to, in sentences.


def verdict(runs: Sequence[ReportRun], found: Sequence[Difference], normalizer: str) -> Iterator[str]:
    """Say which run is best, and which others do not differ significantly from it."""
    best = best_of(runs)
    mean, low, high = best.metrics["full"]["nme"]
    what = "the lowest NME" if len(runs) > 1 else "an NME"
    yield (
        f"{best.name} has {what}: {100 * mean:.2f} % of the {normalizer.replace('_', '-')} distance "
        f"({100 * low:.2f} – {100 * high:.2f}) on {len(best.errors)} faces of {len(set(best.photos))} photos."
    )
    for one in found:
        points, lower, upper = (f"{100 * part:+.2f}".replace("-", "−") for part in one.nme)
        chance = "statistically significant" if one.is_significant else "not significant"
        yield f"{one.run}: {points} points on the same faces ({lower} … {upper}), {chance}."
    compared = {one.run for one in found} | {best.name}
    for run in runs:
        if run.name not in compared:
            yield f"{run.name} has no face in common with {best.name}, and cannot be compared with it."
    yield "Intervals have 95 % confidence: bootstrap over photos. They do not cover variation between trainings."


# The report's sections, in the order they are read.


@dataclass(frozen=True, kw_only=True)
class ReportSettings:
    """Settings of the report.

    Attributes:
        normalizer: What errors are divided by.
        threshold: Of failure rate, AUC and CED.
        landmarks: Which count: all known ones, or those of them that the data set does not call hidden.
        extremes: Best and worst faces drawn of each run.
        reader: The shards with the faces' images; None: they are not here, as ``no_pictures`` says.
        data: Which of the papers' data sets the faces are of; None: none of them, or not known.
    """

    normalizer: str
    threshold: float
    landmarks: Literal["known", "visible"] = "known"
    extremes: int = 6
    reader: ShardReader | None = None
    no_pictures: str = ""
    data: DataSet | None = None


def sections(runs: Sequence[ReportRun], found: Sequence[Difference], settings: ReportSettings) -> list[Section]:
    """Make the sections of the page; one that has nothing to show says why."""
    made = (
        _metrics(runs, settings),
        _differences(runs, found, settings),
        _published(runs, settings),
        _curves(runs, settings),
        _maps(runs),
        _ellipses(runs),
        _extremes(runs, settings),
        _robustness(runs, settings),
        _training(runs),
        _cost(runs),
        _lineage(runs),
    )
    return [section for section in made if section is not None]


def _metrics(runs: Sequence[ReportRun], settings: ReportSettings) -> Section:
    main = tables.main_names(runs[0].metrics, settings.threshold)
    others = tables.other_names(runs, main)
    parts = [Part(table=tables.main_table(runs, main))]
    if others:
        parts.append(Part(table=tables.metric_table(runs, others), folded="all other metrics"))
    for kind, heading in (("subsets", "By official subset"), ("attributes", "By label")):
        table = tables.subset_table(runs, kind)
        if table is not None:
            parts.append(Part(heading=heading, table=table))
    counted = ", over the landmarks that are not hidden" if settings.landmarks == "visible" else ""
    reading = (
        f"Errors are in % of the {settings.normalizer.replace('_', '-')} distance, in pixels of the "
        f"photos{counted}. Below each metric its 95 % interval; the best of several is bold.",
        "FR at t: fraction of faces with an NME above t. AUC to t: area under the error distribution up to t, 1 − "
        "mean(min(NME, t))/t. Bias rate: (along − across)/across the edges (ADNet, Eq. 14).",
    )
    return Section("figures", "Metrics", tuple(parts), reading)


def _differences(
    runs: Sequence[ReportRun], found: Sequence[Difference], settings: ReportSettings
) -> Section | None:
    if not found:
        return None
    table = tables.difference_table(found, best_of(runs).name, settings.threshold)
    reading = (
        "Face by face, on the faces that both runs have: much surer than two intervals held side by side. Where "
        "the interval holds 0, the two do not differ significantly on these faces.",
    )
    return Section("differences", "Against the best run", (Part(table=table),), reading)


def _published(runs: Sequence[ReportRun], settings: ReportSettings) -> Section | None:
    if settings.data is None:
        return None
    if settings.landmarks == "visible":
        why = "Left out: the papers count hidden landmarks too, and here they do not count."
        return Section("published", "Published results", (Part(sentences=(why,)),))
    parts = [Part(table=tables.published_table(found)) for found in published_beside(runs, settings.data)]
    if not parts:
        return None
    reading = (
        "Numbers as printed, all in %; each by the normalizer, on the subset and at the threshold it names.",
    )
    return Section("published", "Published results", tuple(parts), reading)


def _curves(runs: Sequence[ReportRun], settings: ReportSettings) -> Section:
    drawn = shown(partial(ced, {run.name: run.errors for run in runs}, settings.threshold))
    words = "; ".join(
        f"{run.name}: half of the faces below {np.median(run.errors):.2%}, nine tenths below "
        f"{np.quantile(run.errors, 0.9):.2%}"
        for run in runs
    )
    part = picture("ced", drawn, f"Cumulative distribution of the errors. {words}.")
    return Section("ced", "Error distribution", (part,), ("The fraction of faces with at most each NME.",))


def _maps(runs: Sequence[ReportRun]) -> Section:
    most = max(max(value[0] for value in run.metrics["landmarks"] if value is not None) for run in runs)
    parts = []
    for run in runs:
        drawn = shown(partial(error_map, run, most))
        alt = f"{run.name}: mean error of each landmark and of each edge, colored on the mean face. {_worst(run)}"
        parts.append(picture(f"errors-{run.name}", drawn, alt, heading=run.name))
        table = tables.edge_table(run)
        if table is not None:
            parts.append(Part(table=table, folded="each edge: whole, across and along"))
    reading = ("On the mean of the true faces. The colors have one scale for all runs.",)
    return Section("maps", "Where the errors are", tuple(parts), reading)


def _worst(run: ReportRun) -> str:
    edges = {name: metrics["nme"][0] for name, metrics in run.metrics["edges"].items()}
    if not edges:
        return ""
    low, high = min(edges, key=edges.__getitem__), max(edges, key=edges.__getitem__)
    return f"Smallest on {low} ({edges[low]:.2%}), largest on {high} ({edges[high]:.2%})."


def _ellipses(runs: Sequence[ReportRun]) -> Section:
    reading = (
        "Each face is turned upright by the similarity that lays its true landmarks on the mean face. The radii "
        f"of an ellipse are {SIGMAS:g} standard deviations of a landmark's errors about their mean; λ is its long "
        "axis ÷ its short one (ADNet, Fig. 7). With few faces even a round distribution looks long.",
    )
    parts = [part for run in runs for part in _ellipses_of(run)]
    return Section("ellipses", "Error ellipses", tuple(parts), reading)


def _ellipses_of(run: ReportRun) -> Iterator[Part]:
    try:
        found = error_ellipses(run.upright.errors, run.upright.valid)
    except UserError as error:
        yield Part(heading=run.name, sentences=(str(error),))
        return
    angles = angles_to_edges(found, run.upright.mean_face, run.schema)
    low, median, high = np.quantile(found.anisotropy, (0.1, 0.5, 0.9))
    words = f"λ is {low:.2f} to {high:.2f} for eight tenths of the landmarks, {median:.2f} in the middle"
    if not np.isnan(angles).all():
        words += f"; long axes lie {np.nanmedian(angles):.0f}° off the edges (median; 45° would be chance)"
    drawn = shown(partial(ellipse_map, run, found))
    yield picture(
        f"ellipses-{run.name}", drawn, f"{run.name}: ellipses of the errors on the mean face. {words}.", run.name
    )
    yield Part(sentences=(f"{words}.",))
    yield Part(table=tables.ellipse_table(run, found, angles), folded="each landmark's ellipse")


def _extremes(runs: Sequence[ReportRun], settings: ReportSettings) -> Section:
    title = "Best and worst faces"
    if settings.reader is None:
        return Section("faces", title, (Part(sentences=(settings.no_pictures,)),))
    parts = []
    for run in runs:
        try:
            sheet = extremes_grid(run, settings.reader, settings.extremes)
        except UserError as error:
            found = EmbeddedImage(None, error=f"Left out: {error}")
        else:
            found = jpeg(sheet)
        alt = (
            f"{run.name}: the faces with the smallest errors, then those with the largest, "
            f"{run.errors.min():.2%} to {run.errors.max():.2%}, with true and predicted landmarks"
        )
        parts.append(picture(f"faces-{run.name}", found, alt, run.name))
    return Section("faces", title, tuple(parts), ("The smallest errors first, the largest last.",))


def _robustness(runs: Sequence[ReportRun], settings: ReportSettings) -> Section | None:
    measured = {run.name: run.robustness for run in runs if run.robustness is not None}
    if not measured:
        return None
    counts = ", ".join(f"{name} on {one.faces} faces" for name, one in measured.items())
    name, best = next(iter(measured.items()))
    rises = "; ".join(f"{kind} {100 * points[-1].nme.mean:.1f} %" for kind, points in best.curves.items())
    parts = (
        picture(
            "robustness",
            shown(partial(robustness_plot, measured)),
            f"NME by strength of each perturbation. At the last strength, {name} has: {rises}.",
        ),
        Part(heading="How still the landmarks stand", table=tables.stability_table(runs)),
    )
    hidden = ", over all landmarks, hidden ones too" if settings.landmarks == "visible" else ""
    reading = (
        f"The same test faces under each perturbation, against the truth in their photos ({counts}){hidden}; "
        "bands are 95 % intervals.",
        "One pixel of shift: how far landmarks move in the photo when the crop is moved by a pixel of its own, "
        "the trembling seen in a video. Mirrored: how far those of the mirrored face lie from those of the face.",
    )
    return Section("robustness", "Robustness", parts, reading)


def _training(runs: Sequence[ReportRun]) -> Section | None:
    parts = []
    for run in runs:
        if run.history:
            drawn = shown(partial(learning_curve, run.history))
            alt = f"{run.name}: training loss and validation NME over {len(run.history)} epochs"
            parts.append(picture(f"training-{run.name}", drawn, alt, run.name))
    reading = ("The epoch with the lowest validation NME is the one that was measured.",)
    return Section("training", "Training", tuple(parts), reading) if parts else None


def _cost(runs: Sequence[ReportRun]) -> Section | None:
    table = tables.cost_table(runs)
    return Section("cost", "Cost", (Part(table=table),)) if table is not None else None


def _lineage(runs: Sequence[ReportRun]) -> Section:
    parts = [Part(heading=run.name, facts=run.lineage, sentences=run.notes) for run in runs]
    return Section("lineage", "Lineage", tuple(parts))


# Writes ``report.html`` and ``pictures/*``.


PAGE = "report.html"
_NOT_IN_NAMES = re.compile(r"[^\w.-]+")


def write_comparison(folder: Path, runs: Sequence[ReportRun], settings: ReportSettings) -> Path:
    """Write the page and, beside it, its plots; those of an earlier report with other runs stay.

    Returns:
        The page.
    """
    found = differences(runs, settings.threshold)
    made = sections(runs, found, settings)
    for part in (part for section in made for part in section.parts):
        if part.shown is not None and part.shown.data is not None:
            name = _NOT_IN_NAMES.sub("-", part.name)
            write_whole(folder / "pictures" / f"{name}.{part.shown.kind}", part.shown.data)
    names = ", ".join(run.name for run in runs)
    schemas = ", ".join(dict.fromkeys(f"{run.schema.name}, {run.schema.size} landmarks" for run in runs))
    html = page(names, schemas, list(verdict(runs, found, settings.normalizer)), made)
    write_whole(folder / PAGE, html.encode("utf-8"))
    return folder / PAGE
