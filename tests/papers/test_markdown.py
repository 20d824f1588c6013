"""The page, whole."""

import json

import pytest

from facealign.evaluation.papers.markdown import as_markdown
from facealign.evaluation.papers.results import Conditions, Reproduced, ReproducedCell, cells, mean_shape_cells
from facealign.evaluation.papers.table import PaperTable

TABLE = PaperTable.model_validate(
    {
        "paper": "Somebody, 2020",
        "table": 3,
        "method": "awing",
        "caption": "four of a kind",
        "runs": 5,
        "columns": {
            "nme": {"title": "NME", "figure": "nme", "data": "300w"},
            "fr": {"title": "FR at 5 %", "figure": "failure_rate", "data": "300w", "threshold": 0.05},
            "auc": {
                "title": "AUC",
                "figure": "auc",
                "data": "300w",
                "threshold": 0.05,
                "unit": "1",
                "decimals": 4,
            },
            "wflw": {"title": "WFLW", "figure": "nme", "data": "wflw"},
        },
        "rows": [
            {"label": "others'", "set": None, "printed": {"nme": 4.5, "fr": 9, "auc": None, "wflw": 5}},
            {
                "label": "a",
                "set": {"model.network.stacks": 1},
                "printed": {"nme": [4.2, 0.1], "fr": 8.25, "auc": 0.31, "wflw": 4.7},
            },
            {
                "label": "b | c",
                "set": {"model.network.stacks": 2},
                "printed": {"nme": 4.123456, "fr": 7, "auc": 0.32, "wflw": None},
                "misprints": {"fr": {"why": "it is less than nothing", "reads": 6.5}, "nme": {"why": "too good"}},
                "note": "read so",
            },
            {
                "label": "d",
                "set": {"model.network.stacks": 3},
                "printed": {"nme": 4.0, "fr": 6.0, "auc": 0.4, "wflw": 4.5},
            },
            {
                "label": "e",
                "set": {"model.network.stacks": 4},
                "printed": {"nme": 3.9, "fr": 6.0, "auc": 0.4, "wflw": 4.5},
            },
        ],
        "notes": ["All of it is made up."],
    }
)


def metrics(nme, fr, auc):
    return {"nme": nme, "fr": fr, "auc": auc, "mean_shape/nme": 0.17}


RUNS = {
    "a": [metrics(0.05, 0.5, 0.1), metrics(0.06, 0.5, 0.1)],
    "b | c": [metrics(0.045, 0.25, 0.2), metrics(0.047, 0.25, 0.2)],
    "d": [metrics(0.046, 0.25, 0.2), metrics(0.048, 0.25, 0.2)],
    "e": [],
}
FOUND = Reproduced(
    table=TABLE,
    conditions=Conditions(
        preset="small",
        source="synthetic",
        data="300W",
        stand_in=True,
        landmarks="ibug68",
        faces=(100, 10, 20),
        crop=128,
        epochs=9,
        batch_size=16,
        seeds=(0, 1),
        commit="abc",
    ),
    lacking={"wflw": "needs WFLW"},
    ours={row.label: cells(TABLE, row, RUNS[row.label]) for row in TABLE.trained},
    mean_shape=mean_shape_cells(TABLE, RUNS["a"][0]),
    failed={"e": "no memory"},
)
PAGE = """\
# awing-3: four of a kind

Table 3 of Somebody, 2020, and the same rows trained here. Measured on faces of `synthetic` in place of 300W: \
only differences between rows can be compared with the paper's.

|  | NME (%), paper | ours | ours − paper | FR at 5 % (%), paper | ours | ours − paper | AUC, paper | ours | \
ours − paper | WFLW (%), paper |
|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|
| others' | 4.50 | – | – | 9.00 | – | – | – | – | – | 5.00 |
| a | 4.20 ± 0.10 | 5.50 ± 0.71 | +1.30 | 8.25 | 50.00 ± 0.00 | +41.75 | 0.3100 | 0.1000 ± 0.0000 \
| -0.2100 | 4.70 |
| b \\| c | 4.123456 [1] | 4.60 ± 0.14 | +0.48 | 7.00 [2] | 25.00 ± 0.00 | +18.50 | 0.3200 | 0.2000 ± 0.0000 | \
-0.1200 | – |
| d | 4.00 | 4.70 ± 0.14 | +0.70 | 6.00 | 25.00 ± 0.00 | +19.00 | 0.4000 | 0.2000 ± 0.0000 | -0.2000 | 4.50 |
| e | 3.90 | – | – | 6.00 | – | – | 0.4000 | – | – | 4.50 |
| *mean shape* | – | 17.00 | – | – | – | – | – | – | – | – |

- NME: rows are 0.20 apart in the paper, 0.90 here, where another seed changes a row by 0.42 (standard deviation).
- FR at 5 %: rows are 2.25 apart in the paper, 25.00 here, where another seed changes a row by 0.00 \
(standard deviation).
- AUC: rows are 0.0900 apart in the paper, 0.1000 here, where another seed changes a row by 0.0000 \
(standard deviation).

## Conditions

- Faces: `synthetic`, in place of 300W; 100 to train on, 10 to steer by, 20 to test.
- Landmarks `ibug68`, crops of 128 px.
- Preset `small`: epochs 9, batch size 16, seeds 0, 1.
- The paper's metrics are means of 5 runs, ± their standard deviation.
- The epoch with the lowest validation NME is measured, once, on the test faces.
- Code: abc.
- Not measured: WFLW, needs WFLW.

## Notes

- [1] Misprint (b | c): too good
- [2] Misprint (b | c): should read 6.5: it is less than nothing
- All of it is made up.
- b | c: read so
- e failed: no memory
"""


def test_the_page():
    assert as_markdown(FOUND) == PAGE


def test_deviations_are_of_a_sample():
    assert ReproducedCell(runs=(1.0, 2.0, 3.0)).sd == pytest.approx(1.0)
    assert ReproducedCell(runs=(1.0,)).sd is None


def test_rows_in_the_papers_order_and_against_it():
    numbers = (4.5, 4.2, 4.1, 4.0)
    rows = [{"label": str(i), "set": {}, "printed": {"nme": number}} for i, number in enumerate(numbers)]
    table = PaperTable.model_validate(
        TABLE.model_dump(include={"paper", "table", "method", "caption"})
        | {"columns": {"nme": TABLE.columns["nme"].model_dump()}, "rows": rows}
    )
    for ours, expected in (((5, 4, 3, 2), 1.0), ((2, 3, 4, 5), -1.0), ((5, 4, 2, 3), 0.8), ((3, 3, 3, 3), None)):
        made = {str(i): {"nme": ReproducedCell(runs=(float(value),))} for i, value in enumerate(ours)}
        found = FOUND.model_copy(update={"table": table, "ours": made}).spread("nme")
        assert found.rank_correlation == (None if expected is None else pytest.approx(expected))
        assert (found.printed, found.seeds) == (pytest.approx(0.5), None)
    page = as_markdown(
        FOUND.model_copy(
            update={
                "table": table,
                "lacking": {},
                "ours": made,
                "conditions": FOUND.conditions.model_copy(update={"seeds": (0,)}),
            }
        )
    )
    assert "- With one seed it is unknown how much of a difference between rows is chance." in page


def test_the_json_has_all_of_it():
    plain = json.loads(json.dumps(FOUND.as_json()))
    assert plain["ours"]["a"]["nme"]["runs"] == pytest.approx([5.0, 6.0])
    assert plain["ours"]["a"]["nme"]["mean"] == pytest.approx(5.5)
    assert plain["spread"]["nme"]["seeds"] == pytest.approx(0.424, abs=1e-3)
    assert plain["table"]["rows"][2]["misprints"]["fr"]["reads"] == 6.5
    assert plain["conditions"]["faces"] == [100, 10, 20]
