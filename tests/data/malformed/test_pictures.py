"""Images that are missing, damaged, of another kind, or no files at all."""

import io
import os
import socket
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from data.malformed.data_sets import DATA_SETS


def _picture(mode="RGB", size=(64, 64)):
    noise = np.random.default_rng(3).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return Image.fromarray(noise).convert(mode)


def _save(picture, **options):
    def damage(path):
        stream = io.BytesIO()
        picture.save(stream, **options)
        path.write_bytes(stream.getvalue())

    return damage


def _bytes(change):
    return lambda path: path.write_bytes(change(path.read_bytes()))


def _encoded(format_):
    stream = io.BytesIO()
    _picture().save(stream, format_)
    return stream.getvalue()


def _chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _png(width, height, data, *chunks, depth=8, color=2):
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0))
    body = b"".join(_chunk(*one) for one in chunks) + _chunk(b"IDAT", data)
    return b"\x89PNG\r\n\x1a\n" + header + body + _chunk(b"IEND", b"")


SHORT = [(b"pHYs", b"\1"), (b"gAMA", b""), (b"tRNS", b"")]
MUCH = zlib.compress(bytes(10**8), 1)
BLACK = zlib.compress(bytes(64 * (1 + 3 * 64)))
"""The pixels of 64 × 64."""


def _bmp(width, height, bits=24):
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + len(info), 0, 0, 54) + info


def _replace(make):
    def damage(path):
        path.unlink()
        make(path)

    return damage


def _socket(path):
    here = os.getcwd()
    os.chdir(path.parent)  # a socket's address may be no longer than 108 bytes
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(path.name)
    os.chdir(here)


def _loop(path):
    path.symlink_to(path)


def _exif(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return _save(_picture(), format="JPEG", exif=exif)


def _frames(format_):
    return _save(_picture(), format=format_, save_all=True, append_images=[_picture("L").convert("RGB")] * 3)


NO_EXIF = b"\xff\xe1\x00\x20Exif\0\0II*\0\xff\xff\xff\xff" + b"\xee" * 16
SIDE, LARGE_SIDE = struct.pack(">HH", 64, 64), struct.pack(">HH", 65_000, 65_000)
DAMAGES = {
    # what: (damage, expected)
    "missing": (lambda path: path.unlink(), "refused"),
    "empty": (_bytes(lambda data: b""), "refused"),
    "one byte": (_bytes(lambda data: data[:1]), "refused"),
    "the signature": (_bytes(lambda data: data[:8]), "refused"),
    "a tenth": (_bytes(lambda data: data[: len(data) // 10]), "refused"),
    "half": (_bytes(lambda data: data[: len(data) // 2]), "refused"),
    "nine tenths": (_bytes(lambda data: data[: len(data) * 9 // 10]), "refused"),
    "text": (_bytes(lambda data: b"404: Not Found\n"), "refused"),
    "a web page": (_bytes(lambda data: b"<!DOCTYPE html><html></html>"), "refused"),
    "zeros": (_bytes(lambda data: bytes(len(data))), "refused"),
    "zeros inside": (_bytes(lambda data: data[:60] + bytes(len(data) - 60)), "refused"),
    "svg": (
        _bytes(lambda data: b'<svg><image href="/etc/passwd"/></svg>'),
        "refused",
    ),
    "postscript": (_bytes(lambda data: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\nquit\n"), "refused"),
    "gif": (_save(_picture(), format="GIF"), "refused"),
    "animated gif": (_frames("GIF"), "refused"),
    "animated png": (_frames("PNG"), "refused"),
    "pages of a tiff": (_frames("TIFF"), "refused"),
    "webp": (_save(_picture(), format="WEBP"), "refused"),
    "gray": (_save(_picture("L"), format="PNG"), "kept"),
    "gray jpeg": (_save(_picture("L"), format="JPEG"), "kept"),
    "cmyk jpeg": (_save(_picture("CMYK"), format="JPEG"), "kept"),
    "black and white": (_save(_picture("1"), format="PNG"), "kept"),
    "palette": (_save(_picture("P"), format="PNG"), "kept"),
    "palette with transparency": (_save(_picture("P"), format="PNG", transparency=3), "kept"),
    "palette with many transparencies": (
        _save(_picture("P"), format="PNG", transparency=b"\0\x80\xff"),
        "kept",
    ),
    "alpha": (_save(_picture("RGBA"), format="PNG"), "kept"),
    "gray and alpha": (_save(_picture("LA"), format="PNG"), "kept"),
    "sixteen bits": (
        _save(Image.fromarray(np.full((64, 64), 40_000, dtype=np.uint16)), format="PNG"),
        "refused",
    ),
    "floats": (_save(Image.fromarray(np.zeros((64, 64), dtype=np.float32)), format="TIFF"), "refused"),
    "turned by exif": (_exif(6), "kept"),
    "exif of another kind": (_exif(99), "kept"),
    "damaged exif": (
        _bytes(
            lambda data: (
                _encoded("JPEG")[:2]
                + b"\xff\xe1\x00\x20Exif\0\0II*\0\xff\xff\xff\xff"
                + b"\xee" * 16
                + _encoded("JPEG")[2:]
            )
        ),
        "kept",
    ),
    "progressive": (_save(_picture(), format="JPEG", progressive=True), "kept"),
    "bmp": (_save(_picture(), format="BMP"), "kept"),
    "tiff": (_save(_picture(), format="TIFF"), "refused"),
    "1 × 1": (_save(_picture(size=(1, 1)), format="PNG"), "refused"),
    "1 × 500": (_save(_picture(size=(1, 500)), format="PNG"), "refused"),
    "0 × 0": (_bytes(lambda data: _png(0, 0, zlib.compress(b""))), "refused"),
    "30 000 × 30 000": (_bytes(lambda data: _png(30_000, 30_000, zlib.compress(bytes(9)))), "refused"),
    "10 000 × 10 000": (_bytes(lambda data: _png(10_000, 10_000, zlib.compress(bytes(9)))), "refused"),
    "2³¹ × 2³¹": (_bytes(lambda data: _png(2**31 - 1, 2**31 - 1, zlib.compress(bytes(9)))), "refused"),
    "jpeg of 65 000 × 65 000": (
        _bytes(lambda data: _encoded("JPEG").replace(SIDE, LARGE_SIDE)),
        "refused",
    ),
    "bmp of 2³¹ × 2³¹": (_bytes(lambda data: _bmp(2**31 - 1, 2**31 - 1)), "refused"),
    "bmp of −2³¹ × −2³¹": (_bytes(lambda data: _bmp(-(2**31), -(2**31))), "refused"),
    "bmp of 7 bits": (_bytes(lambda data: _bmp(64, 64, 7)), "refused"),
    "much text in a png": (
        _bytes(lambda data: _png(64, 64, BLACK, (b"zTXt", b"k\0\0" + MUCH))),
        "refused",
    ),
    "damaged text in a png": (
        _bytes(lambda data: _png(64, 64, BLACK, (b"zTXt", b"k\0\0junk"), (b"iTXt", b"\xff"))),
        "either",
    ),
    "damaged profile in a png": (
        _bytes(lambda data: _png(64, 64, BLACK, (b"iCCP", b"k\0\0junk"))),
        "either",
    ),
    "short chunks in a png": (
        _bytes(lambda data: _png(64, 64, BLACK, *SHORT)),
        "either",
    ),
    "an unknown color type": (_bytes(lambda data: _png(64, 64, zlib.compress(bytes(9999)), color=5)), "refused"),
    "an unknown depth": (_bytes(lambda data: _png(64, 64, zlib.compress(bytes(9999)), depth=3)), "refused"),
    "a palette of nothing": (_bytes(lambda data: _png(64, 64, zlib.compress(bytes(64 * 65)), color=3)), "either"),
    "more pixels than are there": (_bytes(lambda data: _png(500, 500, zlib.compress(bytes(9)))), "refused"),
    "a checksum": (_bytes(lambda data: _encoded("PNG")[:-8] + b"junkjunk"), "either"),
    "a folder": (_replace(lambda path: path.mkdir()), "refused"),
    "a link to nowhere": (_replace(lambda path: path.symlink_to("nowhere.png")), "refused"),
    "a link to itself": (_replace(_loop), "refused"),
    "a link to a folder": (_replace(lambda path: path.symlink_to(".")), "refused"),
    "a pipe": (_replace(os.mkfifo), "refused"),
    "a socket": (_replace(_socket), "refused"),
    "a device without end": (_replace(lambda path: path.symlink_to("/dev/zero")), "refused"),
    "a device": (_replace(lambda path: path.symlink_to("/dev/stdin")), "refused"),
    "600 MiB of nothing": (lambda path: os.truncate(path, 600 << 20), "refused"),
}


@pytest.mark.parametrize(
    "damage", [pytest.param(one, marks=pytest.mark.slow) if "MiB" in one else one for one in DAMAGES]
)
def test_a_picture_costs_its_face(damage_own, damage):
    how, expected = DAMAGES[damage]
    damage_own("300w", DATA_SETS["300w"].picture, how, expected)


NO_FILES = ["a folder", "a link to nowhere", "a link to itself", "a pipe", "a socket"]
SPECIAL = ["missing", "empty", "half", "text", "a folder", "a link to nowhere", "a link to itself", "a pipe"]


@pytest.mark.parametrize("damage", SPECIAL)
@pytest.mark.parametrize("source", [name for name, one in DATA_SETS.items() if one.picture and name != "300w"])
def test_in_every_data_set(damage_own, source, damage):
    how, expected = DAMAGES[damage]
    damage_own(source, DATA_SETS[source].picture, how, expected)


@pytest.mark.parametrize(
    "damage", ["a folder", "a link to nowhere", "a link to itself", "a pipe", "a socket", "missing"]
)
@pytest.mark.parametrize("source", [name for name, one in DATA_SETS.items() if one.own])
def test_annotations_that_are_no_files(damage_own, source, damage):
    damage_own(source, DATA_SETS[source].own, DAMAGES[damage][0], "refused")


@pytest.mark.parametrize("damage", NO_FILES)
@pytest.mark.parametrize("source", [name for name, one in DATA_SETS.items() if one.table])
def test_tables_that_are_no_files(damage_table, source, damage):
    damage_table(source, DATA_SETS[source].table, DAMAGES[damage][0], "refused")


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "BMP"])
def test_any_bits_may_flip(copy, read, format_):
    """What is still an image is read; what is not, is refused."""
    root = copy("300w")
    path = root / DATA_SETS["300w"].picture
    whole = _encoded(format_)
    rng = np.random.default_rng(11)
    for name in (root / "afw").iterdir():
        if name.stem != path.stem:
            name.unlink()
    for folder in ("ibug/image_000_1", "ibug/image_001_1"):
        for ending in (".png", ".pts"):
            (root / f"{folder}{ending}").unlink()
    for _ in range(60):
        data = bytearray(whole)
        for place in rng.integers(0, min(len(data), int(rng.choice([64, 600, len(data)]))), 3):
            data[place] = rng.integers(256)
        path.write_bytes(data)
        outcome = read("300w", root)
        assert not outcome.refusal
        assert len(outcome.good) + len(outcome.bad) == 1


def test_what_may_not_be_read(damage_own):
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    damage_own("300w", DATA_SETS["300w"].picture, lambda path: path.chmod(0), "refused")
