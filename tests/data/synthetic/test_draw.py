"""The synthetic faces as a whole: same bytes, exact landmarks, truthful labels, enough variation."""

import hashlib
import os
import subprocess
import sys

import cv2
import numpy as np
import pytest

from facealign.config import UserError
from facealign.data.record import WFLW_ATTRIBUTES
from facealign.data.synthetic import SCHEMAS, draw_face
from facealign.geometry import load_schema

COUNT = 300


@pytest.fixture(scope="module")
def faces():
    return [draw_face(3, index, "wflw98", size=64) for index in range(COUNT)]


def fingerprint(record):
    sha = hashlib.sha256(record.image.tobytes())
    for part in (record.points, record.visible, record.box):
        sha.update(part.tobytes())
    return sha.hexdigest() + str(record.attributes)


@pytest.mark.parametrize("schema", SCHEMAS)
@pytest.mark.parametrize("size", [64, 256])
def test_a_record_is_what_the_contract_says(schema, size):
    record = draw_face(0, 7, schema, size)
    count = load_schema(schema).size
    assert record.image.shape == (size, size, 3)
    assert record.image.dtype == np.uint8
    assert record.points.shape == (count, 2)
    assert record.points.dtype == np.float64
    assert record.visible.shape == (count,)
    assert record.visible.dtype == np.bool_
    assert record.box.shape == (4,)
    assert tuple(record.attributes) == WFLW_ATTRIBUTES
    assert all(type(value) is bool for value in record.attributes.values())
    assert np.isfinite(record.points).all()


def test_the_same_arguments_give_the_same_bytes_and_others_do_not():
    first = fingerprint(draw_face(5, 11, "wflw98"))
    assert fingerprint(draw_face(5, 11, "wflw98")) == first
    assert fingerprint(draw_face(5, 12, "wflw98")) != first
    assert fingerprint(draw_face(6, 11, "wflw98")) != first


def test_a_fresh_process_gives_the_same_bytes():
    here = hashlib.sha256(b"".join(draw_face(2, i, "ibug68").image.tobytes() for i in range(6))).hexdigest()
    script = (
        "import hashlib; from facealign.data.synthetic import draw_face;"
        "print(hashlib.sha256(b''.join(draw_face(2, i, 'ibug68').image.tobytes() for i in range(6))).hexdigest())"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": "5"}
    there = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert there.stdout.strip() == here


def test_the_number_of_threads_does_not_matter():
    threads = cv2.getNumThreads()
    try:
        prints = []
        for count in (1, 4):
            cv2.setNumThreads(count)
            prints.append([fingerprint(draw_face(4, index, "ibug68")) for index in range(8)])
    finally:
        cv2.setNumThreads(threads)
    assert prints[0] == prints[1]


def test_both_schemas_are_of_one_face():
    shared = {0: 0, 8: 16, 16: 32, 17: 33, 21: 37, 22: 42, 26: 46, 27: 51, 30: 54, 31: 55, 33: 57, 35: 59}
    shared |= {36: 60, 39: 64, 42: 68, 45: 72, 48: 76, 51: 79, 54: 82, 57: 85, 60: 88, 64: 92, 66: 94}
    for index in range(20):
        small, large = draw_face(1, index, "ibug68", 128), draw_face(1, index, "wflw98", 128)
        assert np.array_equal(small.image, large.image)
        assert np.array_equal(small.box, large.box)
        assert small.attributes == large.attributes
        assert np.array_equal(small.points[list(shared)], large.points[list(shared.values())])
        assert np.array_equal(small.visible[list(shared)], large.visible[list(shared.values())])


def test_visible_landmarks_lie_in_the_picture(faces):
    for record in faces:
        seen = record.points[record.visible]
        assert (seen >= -0.5).all()
        assert (seen < len(record.image) - 0.5).all()


def test_some_landmarks_are_hidden_and_most_are_not(faces):
    share = np.mean([record.visible.mean() for record in faces])
    assert 0.85 < share < 0.99
    assert 0.1 < np.mean([not record.visible.all() for record in faces]) < 0.5


@pytest.mark.parametrize("name", WFLW_ATTRIBUTES)
def test_every_attribute_is_common_yet_not_the_rule(faces, name):
    assert 0.08 < np.mean([record.attributes[name] for record in faces]) < 0.32


def test_occlusion_and_hidden_landmarks_agree(faces):
    hidden = np.array([(~record.visible).mean() for record in faces])
    occluded = np.array([record.attributes["occlusion"] for record in faces])
    assert (hidden[occluded] >= 0.06).all()
    assert hidden[occluded].mean() > 4 * hidden[~occluded].mean()


def test_blurred_pictures_have_weaker_edges(faces):
    def sharpness(record):
        x0, y0, x1, y1 = np.clip(record.box, 0, 63).astype(int)
        gray = cv2.cvtColor(record.image[y0:y1, x0:x1], cv2.COLOR_RGB2GRAY).astype(float)
        return cv2.Laplacian(gray, cv2.CV_64F).std() / gray.std()

    blurred = [sharpness(record) for record in faces if record.attributes["blur"]]
    sharp = [sharpness(record) for record in faces if not record.attributes["blur"]]
    assert np.median(blurred) < 0.75 * np.median(sharp)


def test_the_box_is_about_the_landmarks_but_not_exactly(faces):
    for record in faces:
        low, high = record.points.min(axis=0), record.points.max(axis=0)
        off = np.abs(record.box - np.concatenate([low, high])) / np.tile(high - low, 2)
        assert off.max() <= 0.04 + 1e-9
        assert off.max() > 0


def test_the_mean_shape_is_not_enough(faces):
    points = np.array([record.points for record in faces])
    low, high = points.min(axis=1, keepdims=True), points.max(axis=1, keepdims=True)
    cropped = (points - (low + high) / 2) / (high - low).max(axis=-1, keepdims=True)
    error = np.linalg.norm(cropped - cropped.mean(axis=0), axis=-1).mean(axis=1)
    nme = error / load_schema("wflw98").reference_distance(cropped, "inter_ocular")
    assert 0.06 < np.median(nme) < 0.18


def test_a_larger_picture_shows_the_same_face():
    small, large = draw_face(8, 1, "wflw98", 128), draw_face(8, 1, "wflw98", 256)
    assert np.allclose((small.points + 0.5) * 2, large.points + 0.5, atol=1e-9)


def test_an_unknown_schema_is_refused_by_name():
    with pytest.raises(UserError, match=r"'cofw29'.*ibug68, wflw98"):
        draw_face(0, 0, "cofw29")


@pytest.mark.parametrize(("seed", "index", "size"), [(-1, 0, 256), (0, -1, 256), (0, 0, 255), (0, 0, 16)])
def test_senseless_arguments_are_refused(seed, index, size):
    with pytest.raises(UserError, match="synthetic face"):
        draw_face(seed, index, "ibug68", size)
