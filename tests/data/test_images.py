import io
import os
import struct
import tracemalloc
import zlib

import cv2
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
        (b"<html>404</html>", "is not an image"),
        (_file(Image.fromarray(np.zeros((4, 4), dtype=np.uint16)), "PNG"), "8 bits a channel"),
        (_file(Image.fromarray(SMOOTH), "JPEG")[:10], "is not an image|cannot be decoded"),
    ],
)
def test_what_is_no_photo_is_refused(tmp_path, data, reason):
    with pytest.raises(BadSample, match=reason):
        _read(tmp_path, data)


def test_cmyk_photos_look_the_same(tmp_path):
    photo = _read(tmp_path, _file(Image.fromarray(SMOOTH).convert("CMYK"), "JPEG", quality=95))
    assert np.abs(photo.astype(int) - SMOOTH).mean() < 6


def test_a_palette_with_transparency_is_no_warning(tmp_path):
    picture = Image.fromarray(SMOOTH).quantize(16)
    photo = _read(tmp_path, _file(picture, "PNG", transparency=bytes(range(16))))
    np.testing.assert_array_equal(photo, np.asarray(picture.convert("RGB")))


def test_sixteen_bit_colors_keep_their_upper_eight(tmp_path):
    sixteen = RNG.integers(0, 2**16, (9, 8, 3), dtype=np.uint16)
    data = bytes(cv2.imencode(".png", sixteen[..., ::-1])[1])
    np.testing.assert_array_equal(_read(tmp_path, data), sixteen >> 8)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_an_animation_that_poses_as_a_photo_is_refused(tmp_path, kind):
    frames = [Image.fromarray(np.roll(SMOOTH, 9 * i, axis=1)) for i in range(3)]
    data = _file(frames[0], kind, save_all=True, append_images=frames[1:])
    reason = "holds 3 images" if kind == "PNG" else "is not an image of a known format"
    with pytest.raises(BadSample, match=f"afw/photo.jpg: {reason}"):
        _read(tmp_path, data)


def test_a_second_view_of_a_stereo_camera_is_passed_over(tmp_path):
    frames = [Image.fromarray(SMOOTH), Image.fromarray(SMOOTH[::-1].copy())]
    photo = _read(tmp_path, _file(frames[0], "MPO", save_all=True, append_images=frames[1:], quality=95))
    assert np.abs(photo.astype(int) - SMOOTH).mean() < 3


@pytest.mark.parametrize(("width", "height"), [(9460, 9460), (65_000, 65_000), (2**31 - 1, 2**31 - 1)])
def test_huge_pictures_are_refused_before_memory_is_taken(tmp_path, width, height):
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 99)), (b"IEND", b""))
    )
    tracemalloc.start()
    try:
        with pytest.raises(BadSample, match="declares more than 89 megapixels"):
            _read(tmp_path, data)
        assert tracemalloc.get_traced_memory()[1] < 10e6
    finally:
        tracemalloc.stop()


def test_a_huge_file_is_refused_unread(tmp_path):
    with (tmp_path / "photo").open("wb") as stream:
        stream.truncate(1 << 40)
    with pytest.raises(BadSample, match=r"has 1048576 MiB, 512 are read at most"):
        read_photo(tmp_path / "photo", "photo")


def test_only_files_are_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name in (".", "pipe"):
        with pytest.raises(BadSample, match="is not a file but a folder or a device"):
            read_photo(tmp_path / name, name)


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
