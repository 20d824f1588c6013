"""The papers' main tables: transcribed with their misprints, and our faces measured as their columns say."""

import numpy as np
import pytest

from facealign.data.shards.row import Labels
from facealign.evaluation.face_predictions import FacePredictions
from facealign.evaluation.papers.load import published_tables
from facealign.evaluation.papers.table import SCALE, printed_mean
from facealign.metrics import nme
from facealign.report.comparison.published import published_beside
from facealign.report.comparison.run import ReportRun
from facealign.report.comparison.tables import published_table
from facealign.training import Predictions
from papers.identities import violations
from report.comparison.test_differences import run

KNOWN_OTHERWISE = {("AWing", "auc_10")}
"""Wrong by another table of its paper, and within the identities where ADNet prints it."""


@pytest.mark.parametrize("table", published_tables(), ids=lambda table: table.name)
def test_the_numbers_that_cannot_be_right_are_those_marked(table):
    marked = {(row.label, key) for row in table.rows for key in row.misprints}
    found = set(violations(table))
    assert found <= marked
    assert marked - found <= KNOWN_OTHERWISE
    assert all(row.set is None for row in table.rows)
    for row in table.rows:
        for key, number in row.printed.items():
            if number is not None:
                assert 0 <= printed_mean(number) / SCALE[table.columns[key].unit] < 1


@pytest.fixture
def faces_300w():
    rng = np.random.default_rng(2)
    truth = rng.uniform(0, 200, (9, 68, 2))
    found = Predictions(
        truth + rng.normal(scale=4, size=truth.shape),
        truth,
        np.ones((9, 68), np.bool_),
        np.tile(np.eye(2, 3), (9, 1, 1)),
        tuple(map(str, range(9))),
    )
    labels = tuple(
        Labels(id=str(i), subset="common" if i < 6 else "challenging", photo=str(i), attributes=())
        for i in range(9)
    )
    base = run("mine", found.ids, np.zeros(9))
    return ReportRun(**{**vars(base), "faces": FacePredictions(found, labels, base.schema, "d")})


def test_our_faces_are_measured_as_the_columns_say(faces_300w):
    tables = published_beside([faces_300w], "300w")
    assert {(table.figure, table.normalizer) for table in tables} == {
        ("nme", "inter_pupil"),
        ("nme", "inter_ocular"),
    }
    for table in tables:
        found = faces_300w.faces.found
        errors = 100 * nme(found.predicted, found.truth, found.valid, faces_300w.schema, table.normalizer)
        own = table.runs["mine"]
        assert own[None].value == pytest.approx(errors.mean())
        assert own["challenging"].value == pytest.approx(errors[6:].mean())
        assert (own["common"].faces, table.subsets["common"], table.is_comparable) == (6, 554, False)
        labels = [row.label for row in table.rows]
        assert {"ADNet", "AWing", "Anisotropic"} <= set(labels)


def test_a_misprint_is_marked_and_explained(faces_300w):
    (table,) = (t for t in published_beside([faces_300w], "300w") if t.normalizer == "inter_ocular")
    shown = published_table(table)
    lines = dict(shown.lines)
    assert lines["Subpixel · Bulat et al., Table 4"][2].text == "2.94*"
    assert any("554 common and 135 challenging faces make 2.91" in note for note in shown.notes)
    assert shown.notes[0].startswith("Measured here on other or fewer faces")
    assert lines["Anisotropic · Rayhan et al., Table 1"][0].text == "2.35 ± 0.15"


def test_auc_is_in_percent_whoever_printed_it(faces_300w):
    labels = tuple(Labels(id=str(i), subset="", photo=str(i), attributes=("pose",)) for i in range(9))
    wflw = ReportRun(
        **{**vars(faces_300w), "faces": FacePredictions(faces_300w.faces.found, labels, faces_300w.schema, "d")}
    )
    (table,) = (t for t in published_beside([wflw], "wflw") if t.figure == "auc")
    printed = {row.label: row.numbers[None].text for row in table.rows}
    assert printed["ADNet"] == "60.22"
    assert printed["Subpixel"] == "63.1"
    assert 0 <= table.runs["mine"]["pose"].value <= 100
