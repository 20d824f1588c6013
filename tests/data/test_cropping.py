from dataclasses import replace

import numpy as np
import pytest

from facealign.data.preparing.cropping import cut_face
from facealign.data.record import BadSample, FaceRecord
from facealign.data.shards.settings import ShardSettings
from facealign.data.sources.base import Sample
from facealign.geometry import CropSettings, LandmarkSchema, affine

SCHEMA = LandmarkSchema(name="four", size=4, flip=(1, 0, 2, 3))
CROP = CropSettings(size=32)
SAMPLE = Sample(id="afw/1", fold="train", subset="afw", photo="afw/1")
RECORD = FaceRecord(
    image=np.zeros((100, 120, 3), dtype=np.uint8),
    points=np.array([[30.0, 40], [70, 40], [50, 60], [50, 80]]),
    visible=np.array([True, False, True, True]),
    box=np.array([20.0, 30, 80, 90]),
    attributes={"pose": True, "blur": False, "occlusion": True},
)


def _cut(crop=CROP, **changes):
    return cut_face(SAMPLE, replace(RECORD, **changes), SCHEMA, crop, ShardSettings(encoding="png"))


def test_points_go_along_and_back():
    face = _cut()
    np.testing.assert_allclose(affine.apply(face.to_photo, face.points), RECORD.points, atol=1e-4)
    assert face.image().shape == (CROP.stored_size, CROP.stored_size, 3)
    assert face.labels.attributes == ("occlusion", "pose")
    np.testing.assert_array_equal(face.visible, RECORD.visible)
    assert face.valid.all()


@pytest.mark.parametrize(("box", "side"), [("landmarks", 40), ("provided", 60), ("published_square", 50)])
def test_the_box_decides_the_scale(box, side):
    crop = CropSettings(size=32, box=box, margin=2.0)
    face = _cut(crop, square=np.array([60.0, 55.0, 50.0]))
    assert affine.scale_of(face.to_photo) == pytest.approx(side * 2.0 / 32)


def test_a_published_square_is_cut_about_its_center():
    crop = CropSettings(size=32, box="published_square", margin=1.0)
    to_photo = _cut(crop, square=np.array([60.0, 55.0, 50.0])).to_photo
    middle = (crop.stored_size - 1) / 2
    np.testing.assert_allclose(affine.apply(to_photo, [middle, middle]), [60, 55])


def test_unknown_landmarks_are_zero_and_shape_no_box():
    points = RECORD.points.copy()
    points[3] = np.nan
    face = _cut(points=points)
    np.testing.assert_array_equal(face.valid, [True, True, True, False])
    np.testing.assert_array_equal(face.points[3], [0, 0])
    known = replace(RECORD, points=points[:3], visible=RECORD.visible[:3])
    three = LandmarkSchema(name="three", size=3, flip=(1, 0, 2))
    np.testing.assert_array_equal(face.to_photo, cut_face(SAMPLE, known, three, CROP, ShardSettings()).to_photo)


@pytest.mark.parametrize(
    ("changes", "crop", "message"),
    [
        ({"points": np.zeros((5, 2))}, CROP, r"landmarks of shape \(5, 2\), four has 4"),
        ({"points": np.full((4, 2), np.nan)}, CROP, "no landmark has coordinates"),
        (
            {"points": np.array([[7.0, 7], *[[np.nan] * 2] * 3])},
            CROP,
            r"the box \(7, 7, 7, 7\) is degenerate",
        ),
        ({"points": RECORD.points + np.array([130, 0])}, CROP, "lies outside the photo of 120 × 100 px"),
        ({"box": None}, CropSettings(box="provided"), "publishes no box .*`landmarks`"),
        ({"box": np.array([9.0, 9, 3, 20])}, CropSettings(box="provided"), "degenerate"),
        ({"box": np.array([0, 0, np.inf, 9])}, CropSettings(box="provided"), "degenerate"),
        ({"box": np.array([-200.0, 0, 281, 9])}, CropSettings(box="provided"), "more than 4 times as wide as the"),
        ({"square": np.array([50, 50, 1e300])}, CropSettings(box="published_square"), "more than 4 times as wide"),
    ],
)
def test_faces_that_cannot_be_cut(changes, crop, message):
    with pytest.raises(BadSample, match=f"afw/1: .*{message}"):
        _cut(crop, **changes)
