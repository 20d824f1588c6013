import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from facealign.geometry import CropSettings, affine, landmark_box, stored_crop, view_of_stored

settings = st.builds(
    CropSettings,
    size=st.sampled_from([64, 128, 256]),
    side=st.sampled_from(["longer", "shorter"]),
    margin=st.floats(0.5, 4),
    context=st.floats(1, 3),
)
boxes = st.tuples(st.floats(-100, 900), st.floats(-100, 900), st.floats(1, 600), st.floats(1, 600)).map(
    lambda box: (box[0], box[1], box[0] + box[2], box[1] + box[3])
)


@given(settings, boxes)
def test_the_box_fills_its_share_of_the_view(crop, box):
    """By its definition: the side that is followed is 1/margin of the view, and the middle is the middle."""
    to_view = affine.compose(view_of_stored(crop), stored_crop(box, crop))
    x0, y0, x1, y1 = affine.apply(to_view, np.reshape(box, (2, 2))).ravel()
    followed = (max if crop.side == "longer" else min)(x1 - x0, y1 - y0)
    assert followed == pytest.approx(crop.size / crop.margin, rel=1e-6)
    np.testing.assert_allclose(((x0 + x1) / 2, (y0 + y1) / 2), [(crop.size - 1) / 2] * 2, atol=1e-6)


@given(settings)
def test_the_view_is_whole_pixels_in_the_middle_of_what_is_stored(crop):
    room = crop.stored_size - crop.size
    assert room >= 0
    assert room % 2 == 0
    np.testing.assert_array_equal(affine.apply(view_of_stored(crop), [room / 2, room / 2]), [0, 0])
    assert crop.stored_size == pytest.approx(crop.size * crop.context, abs=1)


def test_landmark_box_is_tight():
    np.testing.assert_array_equal(landmark_box([[3, 9], [5, 1], [4, 4]]), [3, 1, 5, 9])


@pytest.mark.parametrize(
    "wrong", [{"size": 100}, {"size": 16}, {"margin": 0.4}, {"context": 0.5}, {"box": "tight"}]
)
def test_rules_of_the_crop(wrong):
    with pytest.raises(ValidationError):
        CropSettings(**wrong)
