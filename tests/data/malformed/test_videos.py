"""Videos that are cut short, damaged, or no videos."""

import os
import struct

import numpy as np
import pytest

from data.malformed.test_pictures import DAMAGES as DAMAGED_PICTURES

VIDEO = "001/vid.avi"


def _bytes(change):
    return lambda path: path.write_bytes(change(path.read_bytes()))


def _main_header(place, value):
    """Sets a number of AVI's main header: 8 is its flags, 16 the frames, 32 the width, 36 the height."""

    def change(data):
        start = data.index(b"avih") + 8 + place
        return data[:start] + struct.pack("<I", value) + data[start + 4 :]

    return _bytes(change)


def _stream_format(place, value):
    def change(data):
        start = data.index(b"strf") + 8 + place
        return data[:start] + struct.pack("<I", value) + data[start + 4 :]

    return _bytes(change)


DAMAGES = {
    "missing": (lambda path: path.unlink(), "refused"),
    "empty": (_bytes(lambda data: b""), "refused"),
    "a signature": (_bytes(lambda data: b"RIFF\0\0\0\0AVI "), "refused"),
    "a header": (_bytes(lambda data: data[:200]), "refused"),
    "a tenth": (_bytes(lambda data: data[: len(data) // 10]), "refused"),
    "half": (_bytes(lambda data: data[: len(data) // 2]), "either"),
    "all but a little": (_bytes(lambda data: data[:-100]), "either"),
    "text": (_bytes(lambda data: b"404: Not Found\n"), "refused"),
    "zeros": (_bytes(lambda data: bytes(len(data))), "refused"),
    "zeros behind the header": (_bytes(lambda data: data[:6000] + bytes(len(data) - 6000)), "either"),
    "noise behind the signature": (
        _bytes(lambda data: data[:12] + np.random.default_rng(1).bytes(9999)),
        "refused",
    ),
    "a playlist": (_bytes(lambda data: b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"), "refused"),
    "a list to be joined": (_bytes(lambda data: b"ffconcat version 1.0\nfile /etc/passwd\n"), "refused"),
    "a playlist as AVI": (_bytes(lambda data: b"RIFF#EXTAVI #EXTM3U\n#EXTINF:1,\n/etc/passwd\n"), "refused"),
    "no frames": (_main_header(16, 0), "either"),
    "2³² frames": (_main_header(16, 2**32 - 1), "either"),
    "2³¹ wide": (_main_header(32, 2**31 - 1), "either"),
    "2³¹ wide in the stream": (_stream_format(4, 2**31 - 1), "either"),
    "−1 high in the stream": (_stream_format(8, 2**32 - 1), "either"),
    "an unknown codec": (_bytes(lambda data: data.replace(b"MJPG", b"ABCD")), "refused"),
    "a codec for other data": (_bytes(lambda data: data.replace(b"MJPG", b"H264")), "either"),
    **{kind: DAMAGED_PICTURES[kind] for kind in ("a folder", "a link to itself", "a pipe", "a socket")},
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_video_costs_its_frames(damage_table, damage):
    how, expected = DAMAGES[damage]
    outcome = damage_table("300vw", VIDEO, how, expected)
    assert not outcome.refusal


@pytest.mark.parametrize("seed", range(12))
def test_any_bits_may_flip(damage_table, seed):
    def flip(path):
        rng = np.random.default_rng(seed)
        data = bytearray(path.read_bytes())
        for place in rng.integers(12, 400 if seed % 2 else len(data), 1 + seed):
            data[place] ^= 1 << rng.integers(8)
        path.write_bytes(data)

    damage_table("300vw", VIDEO, flip, "either")


def test_a_video_is_let_go(copy, read):
    root = copy("300vw")
    read("300vw", root)
    (root / VIDEO).write_bytes(b"")
    assert len(read("300vw", root).bad) == 4
    assert os.path.getsize(root / VIDEO) == 0
