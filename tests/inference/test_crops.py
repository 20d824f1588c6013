"""A face in use is cut as the faces of the training were."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facealign.data.preparing.cropping import cut_face
from facealign.data.record import FaceRecord
from facealign.data.shards.settings import ShardSettings
from facealign.data.sources.base import Sample
from facealign.geometry import CropSettings, affine, load_schema
from facealign.inference.aligner import crop_frame, cut

IMAGE = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)


@settings(max_examples=12, deadline=None)
@given(
    x=st.floats(-10, 60),
    y=st.floats(-10, 29),  # beyond, the last landmark is more than a height below the photo, which is refused
    width=st.floats(12, 90),
    height=st.floats(12, 90),
    margin=st.floats(0.8, 2),
    side=st.sampled_from(["longer", "shorter"]),
)
def test_it_is_the_middle_of_what_preparing_stores(x, y, width, height, margin, side):
    crop = CropSettings(size=32, margin=margin, side=side)
    points = np.linspace((x, y), (x + width, y + height), 68)
    record = FaceRecord(image=IMAGE, points=points, visible=np.ones(68, dtype=bool))
    sample = Sample(id="a", fold="test", subset="a", photo="a")
    stored = cut_face(sample, record, load_schema("ibug68"), crop, ShardSettings(encoding="raw"))
    box = np.array([x, y, x + width, y + height])
    pixels = np.frombuffer(stored.encoded, dtype=np.uint8).reshape(crop.stored_size, crop.stored_size, 3)
    room = (crop.stored_size - crop.size) // 2
    middle = pixels[room : room + crop.size, room : room + crop.size]
    np.testing.assert_array_equal(cut(IMAGE, box, crop), middle.transpose(2, 0, 1))
    np.testing.assert_allclose(affine.apply(crop_frame(box, crop), points), stored.points - room, atol=1e-3)


@pytest.mark.parametrize("margin", [1.0, 1.5])
def test_the_box_fills_its_share_of_the_crop(margin):
    frame = crop_frame(np.array([10.0, 20, 50, 40]), CropSettings(size=64, margin=margin))
    corners = affine.apply(frame, [(10, 30), (50, 30)])
    np.testing.assert_allclose(corners[:, 0], 31.5 + np.array([-32, 32]) / margin)
    np.testing.assert_allclose(corners[:, 1], 31.5)
