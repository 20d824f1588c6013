"""Photo in, landmarks in the photo's own pixels out."""

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from facealign.config import UserError
from facealign.inference import FaceAligner
from facealign.inference.orientation import orientation, upright


def _file(image, told):
    """As a camera would write it: turned pixels, and in EXIF how to turn them back."""
    exif = Image.Exif()
    exif[0x0112] = told
    data = io.BytesIO()
    Image.fromarray(image).save(data, "PNG", exif=exif)
    return data.getvalue()


def test_landmarks_are_in_pixels_of_the_photo_in_the_order_of_the_boxes(aligner, spot):
    boxes = [[40, 10, 70, 40], [30, 5, 75, 50], [45, 15, 60, 30]]
    faces = aligner.predict(spot, boxes)
    assert len(faces) == 3
    for face, box in zip(faces, boxes, strict=True):
        np.testing.assert_allclose(face.box, box)
        np.testing.assert_allclose(face.landmarks, np.broadcast_to([52.0, 23.0], (68, 2)), atol=0.2)


@pytest.mark.parametrize("told", range(1, 9))
def test_a_turned_photo_is_seen_upright_and_told_in_its_own_pixels(card, aligner, spot, told):
    data = _file(spot, told)
    image, _ = upright(spot, orientation(data))
    with Image.open(io.BytesIO(data)) as picture:
        np.testing.assert_array_equal(image, np.array(ImageOps.exif_transpose(picture)))
    (given,) = aligner.predict(data, [[40, 10, 70, 40]])
    np.testing.assert_allclose(given.landmarks[0], [52, 23], atol=0.2)
    np.testing.assert_allclose(given.box, [40, 10, 70, 40])
    seen = []

    def find(picture):
        seen.append(picture.shape)
        y, x = np.argwhere(picture[..., 0])[0]
        return np.array([[x - 12.0, y - 12, x + 14, y + 14]])

    found = FaceAligner(card, aligner._run, find).predict(data)
    assert seen == [image.shape]
    np.testing.assert_allclose(found[0].landmarks[0], [52, 23], atol=0.2)


@pytest.mark.parametrize(("data", "told"), [(b"", 1), (b"no image", 1), (_file(np.zeros((2, 2, 3), "u1"), 99), 1)])
def test_an_orientation_that_makes_no_sense_is_none(data, told):
    assert orientation(data) == told


def test_no_face_is_no_error(aligner, spot):
    assert aligner.predict(spot) == []
    assert aligner.predict(spot, []) == []


@pytest.mark.parametrize(
    ("boxes", "said"),
    [
        ([[1, 2, 3]], r"these have the shape \(1, 3\)"),
        ([["a", 2, 3, 4]], "not numbers in fours"),
        ([[0, 0, 9, 9], [np.nan, 0, 9, 9]], "box 1 has a number missing, or one that is not finite"),
        ([[0, 0, 9, 9], [9, 0, 3, 9]], "box 1: the box .* is degenerate"),
        ([[200, 0, 209, 9]], "box 0: the box .* lies outside the photo of 90 × 70 px"),
        ([[0, 0, 1e9, 9]], "more than 4 times as wide"),
    ],
)
def test_boxes_that_cannot_be(aligner, spot, boxes, said):
    with pytest.raises(UserError, match=said):
        aligner.predict(spot, boxes)


@pytest.mark.parametrize("image", [np.zeros((4, 4), "u1"), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), "u1")])
def test_arrays_that_are_no_picture(aligner, image):
    with pytest.raises(UserError, match=r"give \(H, W, 3\) uint8, RGB"):
        aligner.predict(image)


def test_a_file_that_cannot_be_read_is_named(aligner, tmp_path):
    with pytest.raises(UserError, match=r"nowhere.jpg: cannot be read: No such file"):
        aligner.predict(tmp_path / "nowhere.jpg")
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff broken")
    with pytest.raises(UserError, match=r"broken.jpg: "):
        aligner.predict(tmp_path / "broken.jpg")
