import numpy as np
import pytest

from facealign.data.preparing.warp import warp
from facealign.data.shards.reader import ShardReader
from facealign.geometry import CropSettings, affine
from facealign.registry.champion import CannotRecrop, crops, view_for

STORED = CropSettings(size=64, margin=1.25, context=1.5)


def test_the_same_rule_is_the_plain_cut(tiny_shards):
    reader = ShardReader(tiny_shards, "test")
    ((images, to_photo),) = crops(reader, reader.index.crop)
    room = (reader.index.crop.stored_size - 64) // 2
    np.testing.assert_array_equal(
        images[0].transpose(1, 2, 0), reader[0].image()[room : room + 64, room : room + 64]
    )
    np.testing.assert_allclose(affine.apply(to_photo[0], (0, 0)), affine.apply(reader[0].to_photo, (room, room)))


@pytest.mark.parametrize(
    "wanted", [CropSettings(size=48), CropSettings(size=48, margin=1.6), CropSettings(size=32, margin=1.0)]
)
def test_another_rule_shows_the_same_places(wanted):
    """An image that is brighter by one with each pixel to the right tells where each pixel was cut."""
    side = STORED.stored_size
    ramp = np.broadcast_to(np.arange(side, dtype=np.uint8)[None, :, None], (side, side, 3)).copy()
    view = view_for(STORED, wanted)
    cut = warp(ramp, view.matrix, wanted.size)
    x = np.arange(4, wanted.size - 4)
    places = affine.apply(affine.invert(view.matrix), np.stack([x, x], axis=1))
    np.testing.assert_allclose(cut[wanted.size // 2, x, 0], places[:, 0], atol=1.0)
    # The square's side is as its margin says, about the middle of what is stored.
    corners = affine.apply(affine.invert(view.matrix), [(-0.5, -0.5), (wanted.size - 0.5, wanted.size - 0.5)])
    assert np.ptp(corners[:, 0]) == pytest.approx(STORED.size * wanted.margin / STORED.margin)
    assert corners.mean() == pytest.approx((side - 1) / 2)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"box": "provided"}, "crops with crop.box: provided, and the faces have landmarks"),
        ({"side": "shorter"}, "crop.side: shorter"),
        ({"margin": 2.5}, "sees 2.5 times the box, and the stored images show 1.88; .*context 2 or more"),
        ({"size": 96}, "its 96 px would be cut from 64 stored ones.*data.crop.size 96 or more"),
    ],
)
def test_what_is_not_stored_is_not_made_up(wanted, message):
    with pytest.raises(CannotRecrop, match=message):
        view_for(STORED, STORED.model_copy(update=wanted))
