import io

import pytest

from facealign.report.tables import ResultRow, print_table, results_table

ROWS = [
    ResultRow(
        method=method,
        validation_nme=nme - 0.002,
        test_nme=nme,
        mean_shape_nme=0.152,
        failure_rate=0.025,
        auc=0.6123,
        parameters=parameters,
    )
    for method, nme, parameters in (("awing", 0.0431, 25_100_000), ("heatmap_baseline", 0.0528, 900))
]


class Terminal(io.StringIO):
    """A stream that calls itself a terminal."""

    def isatty(self):
        return True


def printed(stream, threshold=0.1):
    print_table(results_table(ROWS, threshold), stream)
    return stream.getvalue()


def test_plain_lines_hold_every_figure_and_no_code(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "40")
    text = printed(io.StringIO())
    assert text.isascii()
    assert "\x1b" not in text
    lines = text.splitlines()
    assert len({len(line) for line in lines}) == 1
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    assert cells[-2:] == [
        ["awing", "4.11", "4.31", "15.20", "0.284", "2.5", "0.612", "25,100,000"],
        ["heatmap_baseline", "5.08", "5.28", "15.20", "0.347", "2.5", "0.612", "900"],
    ]


def test_headings_name_the_threshold():
    assert "@7.5 %" in printed(io.StringIO(), 0.075)


def test_a_terminal_of_80_columns_shows_every_figure(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    text = printed(Terminal())
    assert "\x1b[1m" in text
    for figure in ("awing", "heatmap_baseline", "4.31", "15.20", "0.347", "25,100,000"):
        assert figure in text


def test_printing_plain_leaves_the_table_as_it_was(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    table = results_table(ROWS)
    streams = [Terminal(), io.StringIO(), Terminal()]
    for stream in streams:
        print_table(table, stream)
    assert streams[0].getvalue() == streams[2].getvalue() != streams[1].getvalue()


def test_the_ratio_is_to_the_mean_shape():
    assert ROWS[0].ratio == pytest.approx(0.0431 / 0.152)


def test_no_rows_are_an_empty_table():
    stream = io.StringIO()
    print_table(results_table([]), stream)
    assert "method" in stream.getvalue()
