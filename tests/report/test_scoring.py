"""Predictions in each format come to the metrics of the same landmarks; what is wrong with them is told."""

import json

import numpy as np
import pytest

from facealign.config import UserError
from facealign.data.shards.row import Labels
from facealign.evaluation.external import match, score
from facealign.evaluation.external_files import ExternalPrediction, read_predictions
from factories import measured_faces

FACES = measured_faces(6, spread=1.0)
SCHEMA = FACES.schema
COLUMNS = [f"{axis}_{k}" for k in range(SCHEMA.size) for axis in "xy"]


def write_table(folder, points, ids=FACES.found.ids, naming="id", columns=COLUMNS):
    lines = [",".join([naming, "score", *columns])]
    lines += [
        ",".join([name, "0.9", *map(repr, face.reshape(-1).tolist())])
        for name, face in zip(ids, points, strict=True)
    ]
    (folder / "found.csv").write_text("\n".join(lines) + "\n")
    return folder / "found.csv"


def keypoints(face):
    return np.column_stack([face, np.full(len(face), 2)]).reshape(-1).tolist()


def write_results(folder, points, ids=FACES.found.ids):
    results = [{"image_id": name, "keypoints": keypoints(face)} for name, face in zip(ids, points, strict=True)]
    return write_json(folder, results)


def write_coco(folder, points, ids=FACES.found.ids):
    images = [{"id": 7 + i, "file_name": f"{name}.jpg"} for i, name in enumerate(ids)]
    annotations = [{"id": i, "image_id": 7 + i, "keypoints": keypoints(face)} for i, face in enumerate(points)]
    return write_json(folder, {"images": images, "annotations": annotations})


def write_json(folder, tree):
    (folder / "found.json").write_text(json.dumps(tree))
    return folder / "found.json"


def write_pts(folder, points, ids=FACES.found.ids):
    for name, face in zip(ids, points, strict=True):
        path = folder / "pts" / f"{name}.pts"
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = "\n".join(f"{x!r} {y!r}" for x, y in face.tolist())
        path.write_text(f"version: 1\nn_points: {len(face)}\n{{\n{lines}\n}}\n")
    return folder / "pts"


FORMATS = {"csv": (write_table, 0), "json": (write_coco, 0), "results": (write_results, 0), "pts": (write_pts, 1)}


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_read_is_what_was_written_and_the_faces_order_is_kept(name, tmp_path):
    write, origin = FORMATS[name]
    points = FACES.found.predicted
    path = write(tmp_path, points[::-1] + origin, FACES.found.ids[::-1])
    scored = score(FACES, read_predictions(path, SCHEMA))
    np.testing.assert_allclose(scored.faces.found.predicted, points, atol=1e-9)
    assert scored.faces.labels == FACES.labels
    assert (scored.missing, scored.unused, scored.elsewhere) == ((), 0, ())


def test_an_origin_of_one_is_moved_and_a_wrong_one_shows(tmp_path):
    path = write_table(tmp_path, FACES.found.truth + 1)
    assert score(FACES, read_predictions(path, SCHEMA, "one")).offset == pytest.approx((0, 0))
    assert score(FACES, read_predictions(path, SCHEMA)).offset == pytest.approx((1, 1))


def test_missing_faces_are_an_error_unless_they_are_allowed():
    given = [
        ExternalPrediction("here", name, points)
        for name, points in zip(FACES.found.ids, FACES.found.predicted, strict=True)
    ]
    with pytest.raises(UserError, match=r"2 of 6 faces have no prediction: test/001, test/003; name"):
        score(FACES, [given[i] for i in (0, 2, 4, 5)])
    scored = score(FACES, [given[i] for i in (5, 4, 2, 0)], allow_missing=True)
    assert scored.missing == ("test/001", "test/003")
    assert scored.faces.found.ids == ("test/000", "test/002", "test/004", "test/005")
    np.testing.assert_array_equal(scored.faces.found.truth, FACES.found.truth[[0, 2, 4, 5]])


def test_predictions_of_no_face_are_counted_and_said_where_faces_are_missing():
    given = [
        ExternalPrediction("here", name, points)
        for name, points in zip(FACES.found.ids, FACES.found.predicted, strict=True)
    ]
    stranger = ExternalPrediction("there", "somebody", FACES.found.predicted[0])
    assert score(FACES, [*given, stranger]).unused == 1
    with pytest.raises(
        UserError, match=r"1 of 6 faces have no prediction: test/005; 1 predictions are of no face"
    ):
        score(FACES, [*given[:5], stranger])
    with pytest.raises(UserError, match="6 of 6 faces have no prediction"):
        score(FACES, [stranger], allow_missing=True)


def test_a_face_has_one_prediction():
    given = [
        ExternalPrediction(f"row {i}", name, FACES.found.predicted[0])
        for i, name in enumerate(("test/000", "000.png"))
    ]
    with pytest.raises(UserError, match=r"row 1: '000.png' is face test/000, which row 0 is of as well"):
        score(FACES, given)


@pytest.mark.parametrize("frame", [lambda points: points / 256, lambda points: points + 2000])
def test_another_frame_is_refused_and_a_few_misses_are_measured(frame):
    points = frame(FACES.found.predicted)
    given = [
        ExternalPrediction("found.csv:2", name, face) for name, face in zip(FACES.found.ids, points, strict=True)
    ]
    with pytest.raises(
        UserError, match=r"6 of 6 predictions are nowhere near their faces, found.csv:2 for one: .*whole photo"
    ):
        score(FACES, given)
    mostly = [
        ExternalPrediction("", name, face)
        for name, face in zip(FACES.found.ids, FACES.found.predicted, strict=True)
    ]
    assert score(FACES, [given[0], *mostly[1:]]).elsewhere == ("test/000",)


LABELS = tuple(
    Labels(id=name, subset="s", photo=photo, attributes=())
    for name, photo in (
        ("helen/testset/30_1", "helen/testset/30"),
        ("lfpw/testset/image_0001", "lfpw/testset/image_0001"),
        ("test/12--Group/a.jpg/1", "12--Group/a.jpg"),
        ("test/12--Group/b.jpg/1", "12--Group/b.jpg"),
        ("test/12--Group/b.jpg/2", "12--Group/b.jpg"),
        ("x/image_0001", "x/image_0001"),
    )
)


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("helen/testset/30_1", 0),
        ("helen/testset/30_1.jpg", 0),
        ("30_1.PNG", 0),
        ("testset/30", 0),
        ("./helen\\testset\\30_1.jpg", 0),
        ("/data/300W/lfpw/testset/image_0001.png", 1),
        ("x/image_0001", 5),
        ("a.jpg", 2),
        ("12--Group/a.jpg", 2),
        ("12--Group/a", 2),
        ("test/12--Group/b.jpg/2", 4),
        ("nobody", None),
        ("30_2", None),
    ],
)
def test_the_names_of_a_face(name, row):
    found, unused = match([ExternalPrediction("here", name, np.zeros((1, 2)))], LABELS)
    assert list(found) == ([] if row is None else [row])
    assert len(unused) == (row is None)


@pytest.mark.parametrize(
    ("name", "faces"),
    [("12--Group/b.jpg", "b.jpg/1, test/12--Group/b.jpg/2"), ("image_0001.jpg", "lfpw/testset/image_0001, x/")],
)
def test_a_name_of_several_faces_is_refused(name, faces):
    with pytest.raises(UserError, match=f"is the name of 2 faces, .*{faces}.*; name each by its id"):
        match([ExternalPrediction("here", name, np.zeros((1, 2)))], LABELS)


POINTS = FACES.found.predicted
ONE = {"image_id": "test/000", "keypoints": keypoints(POINTS[0])}


def with_broken_number(folder):
    path = write_table(folder, POINTS)
    path.write_text(path.read_text().replace(repr(float(POINTS[1, 0, 0])), "left"))
    return path


BAD = {
    "no file": (lambda to: to / "none.json", "no such file or folder"),
    "another format": (lambda to: write_text(to / "found.txt", "1 2"), r"ends neither in .json nor in .csv"),
    "an empty folder": (lambda to: to, "holds no prediction"),
    "a table of no faces": (lambda to: write_table(to, POINTS[:0], ()), "holds no prediction"),
    "a table without names": (
        lambda to: write_table(to, POINTS, naming="file"),
        "neither a column `id` nor `image`",
    ),
    "a table of fewer landmarks": (
        lambda to: write_table(to, POINTS[:, :29], columns=COLUMNS[:58]),
        r"found.csv:1: lacks x_29, y_29, x_30, y_30; the faces have 68 landmarks",
    ),
    "a table of more": (
        lambda to: write_table(
            to, np.tile(POINTS, (1, 2, 1))[:, :98], columns=[f"{a}_{k}" for k in range(98) for a in "xy"]
        ),
        "has 98 landmarks; the faces have 68",
    ),
    "a row of fewer cells": (
        lambda to: append(write_table(to, POINTS), "test/9,1,2\n"),
        r"found.csv:8: has 3 cells",
    ),
    "a word for a number": (with_broken_number, r"found.csv:3: a coordinate is 'left'"),
    "not a number": (lambda to: write_table(to, POINTS * np.nan), r"found.csv:2: a coordinate is 'nan'"),
    "text for JSON": (lambda to: write_text(to / "found.json", "{"), "is not JSON"),
    "a number for JSON": (lambda to: write_json(to, 3), "holds int"),
    "another object": (lambda to: write_json(to, {"faces": []}), "neither a list of results nor an object"),
    "no keypoints": (lambda to: write_json(to, [{"image_id": "a"}]), "entry 0: has no list `keypoints`"),
    "pairs": (lambda to: write_json(to, [{**ONE, "keypoints": [1, 2]}]), "x, y, v for each landmark are needed"),
    "wrong size": (
        lambda to: write_json(to, [{**ONE, "keypoints": [1, 2, 2]}]),
        "has 1 landmarks, the faces have 68",
    ),
    "an unknown number": (lambda to: write_json(to, [{**ONE, "image_id": 5}]), "image_id is '5', which no entry"),
    "true": (lambda to: write_json(to, [{**ONE, "keypoints": [True] * 204}]), "a coordinate is 'True'"),
    "a short .pts": (lambda to: write_pts(to, POINTS[:, :5]), "holds 5 points, ibug68 has 68"),
}


def write_text(path, text):
    path.write_text(text)
    return path


def append(path, text):
    return write_text(path, path.read_text() + text)


@pytest.mark.parametrize("what", BAD)
def test_bad_predictions_are_reported_in_one_message(what, tmp_path):
    write, message = BAD[what]
    with pytest.raises(UserError, match=message) as caught:
        read_predictions(write(tmp_path), SCHEMA)
    assert "\n" not in str(caught.value)
