import csv

import numpy as np
import pytest

from facealign.config import UserError
from facealign.metrics import ced
from facealign.report.curves import write_ced_csv, write_history_csv

ERRORS = np.random.default_rng(0).lognormal(-3, 0.4, 137)


def read(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_ced_reads_back(tmp_path):
    path = tmp_path / "new" / "ced.csv"
    write_ced_csv(path, {"awing": ERRORS, "mean shape": 2 * ERRORS}, limit=0.08)
    rows = read(path)
    assert list(rows[0]) == ["nme_percent", "awing", "mean_shape"]
    x = np.array([float(row["nme_percent"]) for row in rows])
    np.testing.assert_allclose(x, np.linspace(0, 8, 201), atol=1e-5)
    for name, errors in (("awing", ERRORS), ("mean_shape", 2 * ERRORS)):
        np.testing.assert_allclose(
            [float(row[name]) for row in rows], ced(errors, np.linspace(0, 0.08, 201)), atol=1e-6
        )


def test_the_history_reads_back_to_the_bit(tmp_path):
    history = [{"epoch": i, "loss": 1 / (3 * i), "validation_nme": np.pi / i} for i in range(1, 9)]
    write_history_csv(tmp_path / "history.csv", history)
    read_back = [
        {k: int(v) if k == "epoch" else float(v) for k, v in row.items()} for row in read(tmp_path / "history.csv")
    ]
    assert read_back == history


def test_what_was_not_measured_is_an_empty_cell(tmp_path):
    write_history_csv(tmp_path / "history.csv", [{"epoch": 1, "validation_nme": None}])
    assert (tmp_path / "history.csv").read_text() == "epoch,validation_nme\n1,\n"


def test_a_failure_leaves_the_old_file(tmp_path):
    path = tmp_path / "history.csv"
    write_history_csv(path, [{"epoch": 1, "loss": 0.5}])
    before = path.read_bytes()
    with pytest.raises(UserError, match="use one set"):
        write_history_csv(path, [{"epoch": 1, "loss": 0.5}, {"epoch": 2}])
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["history.csv"]


def test_nothing_to_write_is_refused(tmp_path):
    with pytest.raises(UserError, match="it is empty"):
        write_history_csv(tmp_path / "history.csv", [])
    with pytest.raises(UserError, match="evaluate a method first"):
        write_ced_csv(tmp_path / "ced.csv", {})
