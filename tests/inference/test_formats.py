"""Faces as text."""

import csv
import io
import json

import numpy as np
import pytest

from facealign.config import UserError
from facealign.data.sources.pts import read_pts
from facealign.geometry import load_schema
from facealign.inference import Face
from facealign.inference.boxes_file import read_boxes
from facealign.inference.formats import ImageFaces, as_csv, as_json, as_pts

POINTS = np.random.default_rng(0).uniform(0, 400, (68, 2)).round(3)
FACE = Face(np.array([1.0, 2, 300, 400]), POINTS)
FINDINGS = [ImageFaces("a, b.jpg", [(0, FACE), (1, FACE)]), ImageFaces("none.jpg", [])]


def test_pts_counts_from_one(tmp_path):
    (tmp_path / "a.pts").write_text(as_pts(FACE))
    np.testing.assert_allclose(read_pts(tmp_path / "a.pts", "a.pts", load_schema("ibug68")) - 1, POINTS, atol=1e-9)


def test_json_tells_every_picture_and_the_model():
    told = json.loads(as_json(FINDINGS, {"method": "awing"}))
    assert told["model"] == {"method": "awing"}
    assert [len(photo["faces"]) for photo in told["photos"]] == [2, 0]
    np.testing.assert_array_equal(told["photos"][0]["faces"][1]["landmarks"], POINTS)


def test_csv_has_a_row_for_each_face():
    rows = list(csv.DictReader(io.StringIO(as_csv(FINDINGS, 68))))
    assert [(row["photo"], row["face"], row["box_y1"]) for row in rows] == [
        ("a, b.jpg", i, "400.000") for i in "01"
    ]
    assert [float(rows[1]["x67"]), float(rows[1]["y67"])] == POINTS[67].tolist()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("b.csv", "photo,x0,y0,x1,y1\na.jpg,1,2,3,4\na.jpg,5,6,7,8\n"),
        ("b.json", '{"a.jpg": [[1,2,3,4],[5,6,7,8]]}'),
    ],
)
def test_boxes_are_read(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    boxes = read_boxes(tmp_path / name)
    np.testing.assert_array_equal(boxes["a.jpg"], [[1, 2, 3, 4], [5, 6, 7, 8]])


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("b.csv", "photo,x,y\n", "has no column x0, y0, x1, y1"),
        ("b.csv", "photo,x0,y0,x1,y1\na.jpg,1,2,3\n", "b.csv: a.jpg: .*box 0 has a number missing"),
        ("b.json", "[1", "is not JSON"),
        ("b.json", "[1]", "holds no object"),
        ("b.json", '{"a": [[1,2,3]]}', "b.json: a: .*shape"),
    ],
)
def test_a_file_of_boxes_that_is_none(tmp_path, name, text, said):
    (tmp_path / name).write_text(text)
    with pytest.raises(UserError, match=said):
        read_boxes(tmp_path / name)
