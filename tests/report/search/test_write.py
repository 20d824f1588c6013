import csv
import json
from html.parser import HTMLParser

import pytest

from facealign.config import UserError
from facealign.report.search.page import page, write_report, write_trials_csv
from facealign.report.search.verdict import verdict
from trial_rows import ALPHA, LOSS, THETA, bare, context, row, search, two_objectives

SEARCH = search()


class Page(HTMLParser):
    """What a page is made of."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.table, self.words, self._trials = [], [], [], False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        self._trials |= attributes.get("class") == "trials"
        if self._trials and tag == "tr":
            self.table.append([])

    def handle_data(self, data):
        self.words.append(data)
        if self._trials and self.table and data.strip():
            self.table[-1].append(data)

    def handle_endtag(self, tag):
        if tag == "table":
            self._trials = False


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("search")
    write_report(folder, SEARCH, context(SEARCH))
    return folder


@pytest.fixture(scope="module")
def html(report):
    return (report / "search.html").read_text(encoding="utf-8")


def test_the_page_asks_for_nothing_from_outside(html):
    for tag, attributes in Page(html).tags:
        assert tag not in {"link", "iframe", "object", "embed", "base", "form"}
        for name in ("src", "href", "action", "srcset", "poster", "data"):
            assert attributes.get(name, "data:image/png;base64,").startswith("data:image/png;base64,")
        if tag == "script":
            assert "src" not in attributes
    assert "url(" not in html
    assert "@import" not in html
    assert "http:" not in html
    assert "https:" not in html


def test_every_trial_is_in_the_table_the_best_first(html):
    heading, *lines = Page(html).table
    assert heading[:5] == ["trial", "state", "validation NME, %", "epochs", "time"]
    assert sorted(int(line[0].split()[0]) for line in lines) == [one.number for one in SEARCH]
    finished = [float(line[2]) for line in lines if line[1] == "finished"]
    assert finished == sorted(finished)
    assert lines[0][0].endswith("★")


def test_every_picture_is_on_the_page_or_the_reason_why_not(html, report):
    pictures = list((report / "pictures").glob("*.png"))
    images = [attributes for tag, attributes in Page(html).tags if tag == "img"]
    assert len(pictures) == len(images) == 7
    assert all(image["alt"] for image in images)
    assert "a Pareto front needs two objectives and a finished trial; there are 1 and 9" in html


def test_the_page_says_what_was_found_and_where_from(html):
    words = "".join(Page(html).words)
    for said in (
        "Confirmed: trial 2, validation NME 4.20 ± 0.25 % (3 fresh seeds).",
        "the seeds tell the two apart",
        "facealign train awing --set alpha=2",
        "RuntimeError: <b>loss</b> & NaN, 0",  # as text: the parser would have made it a tag
        "9a0c5b1f",
        "98b98ac",
        "2.02 … 3",
        "1 … 40, log",
    ):
        assert said in words


@pytest.mark.parametrize(
    ("confirmed", "said"),
    [
        ([(0.0420, 0.0421), (0.0500, 0.0501)], "the seeds tell the two apart"),
        ([(0.0400, 0.0600), (0.0450, 0.0650)], "the seeds do not tell the two apart"),
        ([(0.04,), (0.05,)], None),
        ([(0.04, 0.04), (0.05, 0.05)], None),
    ],
)
def test_a_difference_is_claimed_only_where_the_seeds_show_it(confirmed, said):
    both = [{"number": 2, "values": confirmed[0]}, {"number": 0, "paper": True, "values": confirmed[1]}]
    sentences = [s for s in verdict(SEARCH, context(SEARCH, confirmed=both)) if s.startswith("Difference")]
    assert len(sentences) == (said is not None)
    assert said is None or sentences[0].endswith(f"(Welch): {said}.")


@pytest.mark.parametrize(
    ("confirmed", "paper", "headings"),
    [
        ([3], 0, ["trial 3, confirmed", "trial 1, best", "trial 0, paper's"]),
        ([1], 0, ["trial 1, confirmed", "trial 0, paper's"]),
        ([], 1, ["trial 1, best, paper's"]),
        ([], None, ["trial 1, best"]),
        ([99], 98, ["trial 1, best"]),
    ],
)
def test_the_settings_that_matter_stand_side_by_side(confirmed, paper, headings):
    rows = [row(n, nme=0.05 + 0.01 * (n != 1)) for n in range(4)]
    known = bare(paper=paper, confirmed=[{"number": number, "values": (0.04,)} for number in confirmed])
    text = page(rows, known, {})
    table = text[text.index("<h2>Settings") : text.index("<tbody>")]
    assert [word for word in Page(table).words if word.startswith("trial ")] == headings


def test_failures_are_grouped_by_the_error_that_a_trace_ends_with():
    trace = "Traceback (most recent call last):\n  File {}\nRuntimeError: CUDA <out> of memory\n"
    rows = [row(n, "FAIL", cause=trace.format(n) if n else "no room\nfor it") for n in range(3)]
    text = page(rows, bare(), {})
    table = text[text.index("<h2>Failures") : text.index("<h2>Trials")]
    cells = [" ".join(cell.split()) for cell in Page(table).words if cell.strip()][4:]
    assert cells[:2] == ["2", "RuntimeError: CUDA <out> of memory"]
    assert "1, 2" in cells
    assert cells[cells.index("1, 2") + 1 :][:2] == ["1", "no room"]
    assert "  File 1\n" in table  # a whole one, too


def test_a_search_without_trials_has_a_page():
    words = "".join(Page(page((), bare(), {})).words)
    assert "No trial has finished." in words
    assert "The study has no trial yet." in words


def test_the_front_is_said_in_words():
    rows = two_objectives()
    assert "trials are on the Pareto front" in verdict(rows, bare(objectives=("nme", "parameters")))[0]


def test_numbers_in_the_list_read_back_to_the_same_bits(report):
    with (report / "trials.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == len(SEARCH)
    for line, one in zip(lines, SEARCH, strict=True):
        assert (int(line["number"]), line["state"]) == (one.number, one.state)
        assert (float(line["nme"]),) == one.values if one.values else line["nme"] == ""
        assert float(line[ALPHA]) == one.params[ALPHA]
        assert (line[THETA] == "") == (THETA not in one.params)
        assert {int(k): v for k, v in json.loads(line["rungs"] or "{}").items()} == one.rungs
        assert line["cause"] == (one.cause or "")


def test_columns_stay_while_a_search_goes_on(tmp_path):
    few = SEARCH[:1]
    assert few[0].params.keys() < context().parameters.keys() or THETA in few[0].params
    for name, rows in (("early", few), ("late", SEARCH)):
        write_trials_csv(tmp_path / name, rows, context())
    early, late = ((tmp_path / name).read_text(encoding="utf-8").splitlines()[0] for name in ("early", "late"))
    assert early == late


def test_plain_values_of_every_kind(tmp_path):
    kinds = [True, None, "true", [1, 2], 3]
    rows = [row(number, params={LOSS: kind}) for number, kind in enumerate(kinds)]
    write_trials_csv(tmp_path / "trials.csv", rows, bare())
    with (tmp_path / "trials.csv").open(encoding="utf-8", newline="") as file:
        assert [line[LOSS] for line in csv.DictReader(file)] == ["true", "null", "true", "[1, 2]", "3"]


@pytest.mark.thorough
def test_a_picture_that_cannot_be_drawn_any_more_goes(tmp_path):
    rows = (row(0), row(1, nme=0.06))
    write_report(tmp_path, rows, bare(rows))
    assert (tmp_path / "pictures" / "slices.png").exists()
    write_report(tmp_path, (), bare())
    assert not list((tmp_path / "pictures").iterdir())


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ((row(0), row(0)), "2 trials have 1 numbers"),
        ((row(0, values=(0.1, 0.2)),), "trial 0 has 2 values, and the search has the objectives nme"),
    ],
)
def test_rows_that_contradict_themselves_are_refused(rows, message, tmp_path):
    with pytest.raises(UserError, match=message):
        write_report(tmp_path, rows, bare())
    assert not list(tmp_path.iterdir())
