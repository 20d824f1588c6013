"""COCO files whose JSON is damaged, or is right and says something else."""

import json

import pytest

from data.malformed.data_sets import DATA_SETS
from data.malformed.texts import NAMES

TABLE = DATA_SETS["coco"].table
LAST = 2
"""Row of the last face of the table."""

WHOLE = {
    "a list": "[]",
    "a number": "7",
    "null": "null",
    "an empty object": "{}",
    "no annotations": '{"images": []}',
    "nothing in it": '{"images": [], "annotations": []}',
    "images is an object": '{"images": {}, "annotations": []}',
    "annotations is text": '{"images": [], "annotations": "none"}',
    "deeply nested": "[" * 200_000,
    "deeply nested, closed": '{"images": [], "annotations": ' + "[" * 50_000 + "]" * 50_000 + "}",
    "nested objects": '{"a":' * 100_000,
    "single quotes": "{'images': [], 'annotations': []}",
    "a comma too many": '{"images": [], "annotations": [],}',
    "a comment": '{"images": [], /* none */ "annotations": []}',
    "two documents": '{"images": [], "annotations": []}' * 2,
    "a number of 5000 digits": '{"images": [], "annotations": [' + "9" * 5000 + "]}",
    "entries of all kinds": '{"images": [1, null, [], {}], "annotations": [1, null, [], "x", {}, true, 1e999]}',
    "categories of all kinds": '{"images": [], "annotations": [], "categories": [1, null, {"keypoints": 7}]}',
    "long keys": json.dumps({"k" * 9000 + "\x1b[31m": 1}),
}

KEYPOINT = {
    "NaN": ("NaN", "refused"),  # of one coordinate: the other is known
    "Infinity": ("Infinity", "refused"),
    "1e999": ("1e999", "refused"),
    "1e308": ("1e308", "refused"),
    "400 digits": ("9" * 400, "refused"),
    "4300 digits": ("9" * 4300, "refused"),
    "text": ('"left eye"', "refused"),
    "a number as text": ('"12.5"', "kept"),
    "terminal codes": (r'"\u001b[31m"', "refused"),
    "half of a pair": (r'"\ud800"', "refused"),
    "null": ("null", "refused"),
    "true": ("true", "refused"),
    "a list": ("[1, [2, [3]]]", "refused"),
    "an object": ('{"x": 1}', "refused"),
}

FACE = {
    "keypoints is null": {"keypoints": None},
    "keypoints is empty": {"keypoints": []},
    "keypoints is text": {"keypoints": "1 2 3"},
    "keypoints are pairs": {"keypoints": [[1, 2, 2]] * 68},
    "a keypoint too few": {"keypoints": [20.5, 20, 2] * 67},
    "a number too many": {"keypoints": [20.5, 20, 2] * 68 + [1]},
    "all unknown": {"keypoints": [0, 0, 0] * 68},
    "all at one place": {"keypoints": [20.5, 20, 2] * 68},
    "v is 3": {"keypoints": [10, 20, 3, 30, 20, 2] * 34},
    "v is a list": {"keypoints": [10, 20, [2], 30, 20, 2] * 34},
    "v is nothing": {"keypoints": [10, 20, None, 30, 20, 2] * 34},
    "image_id is not there": {"image_id": 99},
    "image_id is a list": {"image_id": [7]},
    "image_id is an object": {"image_id": {}},
    "image_id is null": {"image_id": None},
    "image_id is huge": {"image_id": 10**4000},
    "bbox is text": {"bbox": "all"},
    "bbox is short": {"bbox": [1, 2, 3]},
    "bbox of texts": {"bbox": ["1", "2", "3", "4"]},
    "bbox of huge numbers": {"bbox": [10**4299, 10**4299, 9 * 10**4299, 1.5]},
    "bbox overflows": {"bbox": [1.7e308, 0, 1.7e308, 10]},
    "center is a number": {"center": 3},
    "center is short": {"center": [3]},
    "scale is huge": {"scale": 9 * 10**4299},
    "scale is an empty list": {"scale": []},
    "scale is text": {"scale": ["1", "2"]},
}
BOXES = {
    "no area": [10, 10, 0, 0],
    "negative": [30, 30, -10, -10],
    "not a number": [float("nan")] * 4,
    "huge": [0, 0, 1e15, 1e15],
    "larger than all": [-1e308, -1e308, 1.7e308, 1.7e308],
    "far away": [1e6, 1e6, 50, 50],
    "thin": [10, 10, 1e-300, 40],
    "whole photo": [0, 0, 64, 64],
}


@pytest.mark.parametrize("content", WHOLE)
def test_another_document_is_refused(damage_table, content):
    damage_table("coco", TABLE, lambda path: path.write_text(WHOLE[content]), "refused")


def _in_last(change):
    def damage(path):
        tree = json.loads(path.read_bytes())
        change(tree)
        path.write_text(json.dumps(tree))

    return damage


def _face(tree):
    return tree["annotations"][1]


@pytest.mark.parametrize("value", KEYPOINT)
def test_a_coordinate_costs_its_face(damage_table, value):
    text, expected = KEYPOINT[value]

    def damage(path):
        tree = json.loads(path.read_bytes())
        _face(tree)["keypoints"][3] = "the value"
        path.write_text(json.dumps(tree).replace('"the value"', text))

    damage_table("coco", TABLE, damage, expected, row=1)


@pytest.mark.parametrize("values", FACE)
def test_an_annotation_costs_its_face(damage_table, values):
    outcome = damage_table(
        "coco", TABLE, _in_last(lambda tree: _face(tree).update(FACE[values])), "refused", row=1
    )
    assert len(outcome.bad) == 1


@pytest.mark.parametrize("box", BOXES)
def test_boxes(copy, read, box):
    """Whatever the box is, crops by the landmarks are cut, and crops by the box are cut or refused."""
    root = copy("coco")
    x, y, width, height = BOXES[box]
    square = {"center": [x + width / 2, y + height / 2], "scale": [width / 200, height / 200]}
    _in_last(lambda tree: _face(tree).update(bbox=BOXES[box], **square))(root / TABLE)
    assert not read("coco", root).bad
    assert len(read("coco", root, crop={"size": 32, "box": "provided"}).bad) == (box != "whole photo")
    by_square = read("coco", root, crop={"size": 32, "box": "published_square"})
    assert len(by_square.bad) == (box not in ("whole photo", "thin"))


@pytest.mark.parametrize("name", NAMES)
def test_a_name_leads_nowhere_else(damage_table, name):
    text = NAMES[name].decode("utf-8", "surrogateescape")
    change = _in_last(lambda tree: tree["images"][1].update(file_name=text))
    damage_table("coco", TABLE, change, "refused", row=1)


@pytest.mark.parametrize("value", [None, 7, [], {}, True, "\ud800", "\x1b[31m", "b/001.png\n"], ids=ascii)
def test_a_name_is_text(damage_table, value):
    damage_table("coco", TABLE, _in_last(lambda tree: tree["images"][1].update(file_name=value)), "refused", row=1)


def test_pictures_of_one_id(damage_table):
    """Which of the two an annotation means cannot be told."""
    change = _in_last(lambda tree: tree["images"].append({**tree["images"][1], "file_name": "a/000.png"}))
    damage_table("coco", TABLE, change, "refused", row=1)
