"""The tables' files: they load, their rows are trainings that differ, and their numbers could be measured."""

from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

from facealign.config import ConfigError, UserError, digest_json
from facealign.evaluation.papers.grid import ELLIPSES, grid
from facealign.evaluation.papers.load import load_table, table_names, table_path
from facealign.evaluation.papers.prepared import curve
from facealign.evaluation.papers.table import SCALE, printed_mean
from facealign.geometry import load_schema
from facealign.methods import METHODS
from facealign.workflows.reproduce_runs import TableSettings
from papers.identities import violations

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDER = REPOSITORY / "search_spaces" / "papers"
NAMES = table_names(FOLDER)
TABLES = {name: load_table(table_path(name, FOLDER)) for name in NAMES}
ALL = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(autouse=True)
def in_the_repository(monkeypatch):
    monkeypatch.chdir(REPOSITORY)


def test_they_are_the_ablations_of_the_five_papers():
    expected = {
        "adnet": (4, 5, 6, 8, 14, 15),
        "awing": (5, 6, 7, 10, 11, 12),
        "anisotropic": (4, 6),
        "subpixel": (1, 2, 3),
        "scc": (5, 6, 7, 8),
    }
    assert set(NAMES) == {f"{method}-{number}" for method, numbers in expected.items() for number in numbers}
    assert {table.method for table in TABLES.values()} == set(METHODS)


def test_names_go_by_paper_and_number():
    assert NAMES.index("awing-5") < NAMES.index("awing-10") < NAMES.index("subpixel-1")


@cache
def settings_of(name, preset):
    return TableSettings(TABLES[name], REPOSITORY / "params.yaml", preset)


@ALL
@pytest.mark.parametrize("preset", ["small", "paper"])
def test_the_settings_of_every_row_are_settings_of_the_method(name, preset):
    settings_of(name, preset).require(table_path(name, FOLDER), 68)


def resulting(name, preset):
    """Of each row that is trained, all that determines the training and what is measured of it."""
    table, settings = TABLES[name], settings_of(name, preset)
    for row in table.trained:
        given = table.settings(row)
        if row.ellipses_of is not None:
            given[f"method.{table.method}.{ELLIPSES}"] = [[2.0, 1.0]] * 68
        section = settings.params(given).section(table.method)
        yield row, digest_json([table.method, section.model_dump(mode="json"), row.curve])


@ALL
@pytest.mark.parametrize("preset", ["small", "paper"])
def test_every_row_is_another_one(name, preset):
    found = defaultdict(list)
    for row, digest in resulting(name, preset):
        found[digest].append(row.label)
    assert [labels for labels in found.values() if len(labels) > 1] == []


@ALL
def test_rows_of_one_training_share_it(name):
    table = TABLES[name]
    trainings = grid(table, table.trained, [[2.0, 1.0]])
    assert set(trainings.places.values()) == set(range(len(trainings.settings)))
    assert len(trainings.settings) == (2 if name == "adnet-15" else len(table.trained))


def test_a_row_does_not_change_another_ones_settings():
    table = TABLES["awing-5"]
    before = [table.settings(row) for row in table.rows]
    before[0]["method.awing.model.loss"]["params"]["omega"] = 99.0
    assert "omega" not in table.settings(table.rows[0])["method.awing.model.loss"]["params"]


@ALL
def test_numbers_are_plausible(name):
    table = TABLES[name]
    for row in table.rows:
        for key, number in row.printed.items():
            column = table.columns[key]
            mean = printed_mean(number)
            if mean is None:
                continue
            share = mean / SCALE[column.unit]
            if column.figure in ("nme", "normal_nme", "tangent_nme"):
                assert 0.005 < share < 0.2, (row.label, key)
            elif column.figure in ("failure_rate", "auc"):
                assert 0 <= share <= 1, (row.label, key)
            elif column.figure == "bias_rate":
                assert 0 < share < 1, (row.label, key)
            if isinstance(number, tuple):
                assert 0 < number[1] < mean / 5, (row.label, key)


@ALL
def test_the_numbers_that_cannot_be_right_are_those_marked(name):
    """All of them, and no others, but for one that another table of its paper shows."""
    marked = {(row.label, key) for row in TABLES[name].rows for key in row.misprints}
    marked -= {("Adaptive Wing loss", "300w")}
    assert set(violations(TABLES[name])) == marked


def test_equal_trainings_have_equal_numbers():
    """A number that a paper prints twice is transcribed twice."""
    printed = defaultdict(dict)
    for name, table in TABLES.items():
        for row, digest in resulting(name, "paper"):
            for key, column in table.columns.items():
                number = printed_mean(row.printed[key])
                what = column.model_dump(include={"figure", "data", "subset", "normalizer", "threshold", "epoch"})
                if number is not None and column.figure != "printed":
                    printed[digest_json([digest, what])][f"{name}: {row.label}"] = round(number, 2)
    shared = [numbers for numbers in printed.values() if len(numbers) > 1]
    assert len(shared) >= 15
    assert [numbers for numbers in shared if len(set(numbers.values())) > 1] == []


def test_the_curves_of_table_15_are_those_of_the_papers_table_12():
    lines = {
        "contour": range(17),
        "right_brow": range(17, 22),
        "left_brow": range(22, 27),
        "nose_ridge": range(27, 31),
        "nose_base": range(31, 36),
        "right_upper_lid": range(36, 40),
        "right_lower_lid": (39, 40, 41, 36),
        "left_upper_lid": range(42, 46),
        "left_lower_lid": (45, 46, 47, 42),
        "upper_lip_top": range(48, 55),
        "lower_lip_bottom": (54, 55, 56, 57, 58, 59, 48),
        "upper_lip_bottom": range(60, 65),
        "lower_lip_top": (64, 65, 66, 67, 60),
    }
    named = dict.fromkeys(row.curve for row in TABLES["adnet-15"].rows)
    assert list(named) == [None, *lines]
    assert {name: curve(load_schema("ibug68"), name) for name in lines} == {k: tuple(v) for k, v in lines.items()}


BROKEN = """\
paper: Somebody, 2020
table: 3
method: awing
caption: nothing
columns:
  nme: {title: NME, figure: nme, data: wflw}
  auc: {title: AUC, figure: auc, data: wflw, unit: "1"}
  late: {title: MSE, figure: train_mse, data: wflw, epoch: 9}
rows:
  - label: one
    set: {loss.name: mse}
    printed: {nme: 4.0, fr: 1.0}
    misprints: {late: {why: no}}
  - label: one
    set: {}
    ellipses_of: two
    printed: {nme: 4.0, auc: null, late: null}
"""


def test_all_that_is_wrong_is_reported_with_its_line(tmp_path):
    path = tmp_path / "awing-3.yaml"
    path.write_text(BROKEN)
    with pytest.raises(ConfigError) as caught:
        load_table(path)
    assert f"{path}:7: columns.auc: a threshold belongs to failure_rate and auc" in str(caught.value)
    path.write_text(BROKEN.replace('data: wflw, unit: "1"', 'data: wflw, threshold: 0.1, unit: "1"'))
    with pytest.raises(ConfigError) as caught:
        load_table(path)
    message = str(caught.value)
    assert f"{path}: 7 errors" in message
    for line in (
        ":8: columns.late.epoch: say under `epochs` how many the paper trains in all",
        ":11: rows.0.set.loss.name: a setting of a row is model.… or train.… of its method",
        ":12: rows.0.printed.fr: there is no column 'fr'; columns are: nme, auc, late",
        ":12: rows.0.printed: nothing is said of auc, late; write null where the paper has no number",
        ":13: rows.0.misprints.late: no number is printed for 'late'",
        ":14: rows.1.label: an earlier row has the label 'one' as well",
        ":16: rows.1.ellipses_of: no earlier row has the label 'two'",
    ):
        assert f"{path}{line}" in message


def test_rows_that_break_the_methods_rules_are_reported_together(tmp_path):
    path = tmp_path / "awing-3.yaml"
    text = (FOLDER / "awing-6.yaml").read_text().replace("table: 6", "table: 3")
    path.write_text(text.replace("theta: 0.3", "theta: -1.0").replace("theta: 0.7", "thata: 0.7"))
    settings = TableSettings(load_table(path), REPOSITORY / "params.yaml")
    with pytest.raises(ConfigError) as caught:
        settings.require(path, 68)
    message = str(caught.value)
    assert f"{path}: 2 errors" in message
    assert "θ = 0.3: method.awing.model.loss: parameters of loss 'awing': theta:" in message
    assert "θ = 0.7: method.awing.model.loss: parameters of loss 'awing': thata:" in message


def test_a_file_is_called_as_its_table(tmp_path):
    path = tmp_path / "awing-7.yaml"
    path.write_text((FOLDER / "awing-6.yaml").read_text())
    with pytest.raises(ConfigError, match=r"awing-7.yaml: holds table 6 of method awing; call it awing-6.yaml"):
        load_table(path)


def test_an_unknown_table_is_reported_with_those_there_are(tmp_path, monkeypatch):
    with pytest.raises(UserError, match=r"unknown table 'awing-9'; known are: adnet-4, adnet-5"):
        table_path("awing-9")
    assert table_path("mine/awing-9.yaml") == Path("mine/awing-9.yaml")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        UserError, match=r"known are: none; search_spaces/papers is looked for in the current folder"
    ):
        table_path("awing-5")


def test_fewer_epochs_move_the_milestones(tmp_path):
    settings = TableSettings(TABLES["awing-6"], REPOSITORY / "params.yaml", "paper", epochs=24)
    train = settings.base.method.awing.train
    assert (train.epochs, train.schedule.milestones) == (24, (8.0, 16.0))
    row = settings.params(TABLES["awing-6"].settings(TABLES["awing-6"].rows[0]))
    assert (row.method.awing.train.epochs, row.method.awing.model.loss.params["theta"]) == (24, 0.3)
