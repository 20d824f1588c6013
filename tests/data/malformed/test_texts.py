"""Lists, tables and ``.pts`` files that were cut short, edited by hand, or are something else."""

import os

import pytest

from data.malformed.data_sets import DATA_SETS
from data.malformed.texts import ANY, BOXES, NAMES, POINTS, ROWS

OWN = ["300w", "300vw", "menpo2d", "merl_rav", "facesynthetics"]
TABLES = {"wflw": b" ", "csv": b",", "hrnet_csv": b","}
NAME_AT = {"wflw": -1, "csv": 0, "hrnet_csv": 0}


def _put(path, data):
    path.write_bytes(data)


@pytest.mark.parametrize("damage", [*ANY, *POINTS])
@pytest.mark.parametrize("source", OWN)
def test_a_text_of_one_face_costs_that_face(damage_own, source, damage):
    how = {**ANY, **POINTS}[damage]
    damage_own(source, DATA_SETS[source].own, lambda path: _put(path, how.apply(path.read_bytes())), how.expected)


@pytest.mark.parametrize("damage", ANY)
@pytest.mark.parametrize("source", [*TABLES, "coco"])
def test_a_text_of_many_faces(damage_table, source, damage):
    how = ANY[damage]
    table = DATA_SETS[source].table
    damage_table(source, table, lambda path: _put(path, how.apply(path.read_bytes())), how.expected)


def _in_last_row(separator, change):
    """Changes the fields of the last line, and tells its number."""

    def damage(path):
        *lines, last = path.read_bytes().replace(b"\r", b"").rstrip(b"\n").split(b"\n")
        path.write_bytes(b"\n".join([*lines, separator.join(change(last.split(separator)))]) + b"\n")

    return damage


LAST_ROW = {"wflw": 2, "csv": 3, "hrnet_csv": 3}


@pytest.mark.parametrize("damage", ROWS)
@pytest.mark.parametrize("source", TABLES)
def test_a_row_costs_its_face(damage_table, source, damage):
    how = ROWS[damage]
    change = _in_last_row(TABLES[source], how.apply)
    damage_table(source, DATA_SETS[source].table, change, how.expected, LAST_ROW[source])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("source", TABLES)
def test_a_name_leads_nowhere_else(damage_table, source, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def rename(fields):
        fields[NAME_AT[source]] = NAMES[name]
        return fields

    change = _in_last_row(TABLES[source], rename)
    damage_table(source, DATA_SETS[source].table, change, "refused", LAST_ROW[source])
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize(("source", "place"), [("wflw", 196), ("csv", 1 + 3 * 68), ("hrnet_csv", 1)])
def test_a_box_costs_its_face_at_most(copy, read, source, place, box):
    """HRNet's tables have scale and center in that place, of which the last number is a coordinate already."""
    root = copy(source)
    count = 3 if source == "hrnet_csv" else 4
    change = _in_last_row(
        TABLES[source], lambda fields: [*fields[:place], *BOXES[box][:count], *fields[place + count :]]
    )
    change(root / DATA_SETS[source].table)
    rule = "published_square" if source == "hrnet_csv" else "provided"
    assert len(read(source, root, crop={"size": 32, "box": rule}).bad) == 1
