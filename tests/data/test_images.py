import io

import numpy as np
import pytest
from PIL import Image

from facealign.data.images import decode, encode, read_photo
from facealign.data.record import BadSample

RNG = np.random.default_rng(0)
SMOOTH = np.asarray(
    Image.fromarray(RNG.integers(0, 256, (6, 8, 3), dtype=np.uint8)).resize((96, 64), Image.Resampling.BICUBIC)
)


def _file(picture, kind, **options):
    data = io.BytesIO()
    picture.save(data, kind, **options)
    return data.getvalue()


def _read(tmp_path, data):
    path = tmp_path / "photo"
    path.write_bytes(data)
    return read_photo(path, "afw/photo.jpg")


def test_lossless_photos_come_back_exactly(tmp_path):
    np.testing.assert_array_equal(_read(tmp_path, _file(Image.fromarray(SMOOTH), "PNG")), SMOOTH)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "1"])
def test_every_kind_of_eight_bit_picture_becomes_rgb(tmp_path, mode):
    photo = _read(tmp_path, _file(Image.fromarray(SMOOTH).convert(mode), "PNG"))
    assert photo.shape == SMOOTH.shape
    assert photo.dtype == np.uint8
    if mode in ("L", "1"):
        assert (photo == photo[..., :1]).all()


def test_exif_orientation_is_left_alone(tmp_path):
    """Annotations are on the pixels as they are stored, so a turned photo would no longer fit them."""
    exif = Image.Exif()
    exif[0x0112] = 6
    assert _read(tmp_path, _file(Image.fromarray(SMOOTH), "JPEG", exif=exif)).shape == (64, 96, 3)


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.95])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_truncated_photos_are_refused(tmp_path, kind, kept):
    data = _file(Image.fromarray(SMOOTH), kind)
    with pytest.raises(BadSample, match=r"afw/photo.jpg: cannot be decoded: .*fetch it again"):
        _read(tmp_path, data[: int(len(data) * kept)])


def test_a_thumbnail_in_the_header_does_not_hide_a_cut(tmp_path):
    """Its end marker is a trap for those who search for one."""
    exif = Image.Exif()
    exif[0x010E] = "thumbnail \xff\xd9".encode("latin-1")
    data = _file(Image.fromarray(SMOOTH), "JPEG", exif=exif)
    with pytest.raises(BadSample, match="cannot be decoded"):
        _read(tmp_path, data[: int(len(data) * 0.8)])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the file is empty"),
        (b"<html>404</html>", "is not a picture"),
        (_file(Image.fromarray(np.zeros((4, 4), dtype=np.uint16)), "PNG"), "8 bits a channel"),
        (_file(Image.fromarray(SMOOTH), "JPEG")[:10], "is not a picture|cannot be decoded"),
    ],
)
def test_what_is_no_photo_is_refused(tmp_path, data, reason):
    with pytest.raises(BadSample, match=reason):
        _read(tmp_path, data)


def test_a_missing_photo_is_refused(tmp_path):
    with pytest.raises(BadSample, match="cannot be read: No such file"):
        read_photo(tmp_path / "none", "none")


def test_png_is_stored_exactly_and_jpeg_nearly():
    np.testing.assert_array_equal(decode(np.frombuffer(encode(SMOOTH, "png", 95), dtype=np.uint8)), SMOOTH)
    jpeg = decode(np.frombuffer(encode(SMOOTH, "jpeg", 95), dtype=np.uint8))
    assert np.abs(jpeg.astype(int) - SMOOTH).mean() < 3


def test_damaged_bytes_are_not_a_picture():
    with pytest.raises(ValueError, match="the shard is damaged"):
        decode(np.zeros(50, dtype=np.uint8))
