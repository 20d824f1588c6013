"""What may lie under the ending ``.mat`` instead of what a data set has there."""

import gzip
import io
import pickle
import struct
import zipfile
import zlib

import h5py
import numpy as np


class Trap:
    """Unpickling it writes a file."""

    def __init__(self, canary):
        self.canary = canary

    def __reduce__(self):
        return open, (str(self.canary), "w")


def _archive(data):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("pts_2d.npy", data)
    return stream.getvalue()


def _npy(content):
    stream = io.BytesIO()
    np.save(stream, content, allow_pickle=True)
    return stream.getvalue()


def _npz(content):
    stream = io.BytesIO()
    np.savez(stream, pts_2d=content)
    return stream.getvalue()


def _hdf5():
    stream = io.BytesIO()
    with h5py.File(stream, "w", userblock_size=512) as file:
        file["pts_2d"] = np.zeros((68, 2))
    return f"{'MATLAB 7.3 MAT-file':<124}".encode() + b"\x00\x02IM" + bytes(384) + stream.getvalue()[512:]


def _matrix(rows, columns, data):
    def element(kind, content):
        return struct.pack("<II", kind, len(content)) + content + bytes(-len(content) % 8)

    body = element(6, struct.pack("<II", 6, 0)) + element(5, struct.pack("<ii", rows, columns))
    return element(14, body + element(1, b"pts_2d\0\0") + element(9, data))


HEADER = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM"
BOMB = zlib.compress(bytes(300 << 20), 1)

OTHER = {
    "empty": lambda data, canary: b"",
    "a header": lambda data, canary: data[:128],
    "a header and a byte": lambda data, canary: data[:129],
    "a quarter": lambda data, canary: data[: len(data) // 4],
    "half": lambda data, canary: data[: len(data) // 2],
    "all but 8 bytes": lambda data, canary: data[:-8],
    "version 7.3": lambda data, canary: _hdf5(),
    "version 4": lambda data, canary: struct.pack("<5i", 0, 68, 2, 0, 7) + b"pts_2d\0" + bytes(68 * 16),
    "a pickle": lambda data, canary: pickle.dumps(Trap(canary)),
    "a pickle, protocol 0": lambda data, canary: pickle.dumps(Trap(canary), protocol=0),
    "a pickle behind the header": lambda data, canary: HEADER + pickle.dumps(Trap(canary)),
    "numpy's array of objects": lambda data, canary: _npy(np.array([Trap(canary)], dtype=object)),
    "numpy's archive of objects": lambda data, canary: _npz(np.array([Trap(canary)], dtype=object)),
    "a zip": lambda data, canary: _archive(data),
    "gzip": lambda data, canary: gzip.compress(data),
    "text": lambda data, canary: b"404: Not Found\n",
    "a web page": lambda data, canary: b"<!DOCTYPE html>" + bytes(500),
    "zeros": lambda data, canary: bytes(4096),
    "zeros behind the header": lambda data, canary: HEADER + bytes(4096),
    "noise": lambda data, canary: np.random.default_rng(2).bytes(4096),
    "noise behind the header": lambda data, canary: HEADER + np.random.default_rng(2).bytes(4096),
    "huge sides": lambda data, canary: HEADER + _matrix(2**31 - 1, 2**31 - 1, bytes(64)),
    "negative sides": lambda data, canary: HEADER + _matrix(-68, -2, bytes(68 * 16)),
    "no side and a huge one": lambda data, canary: HEADER + _matrix(0, 2**31 - 1, b""),
    "less than its sides": lambda data, canary: HEADER + _matrix(68, 2, bytes(8)),
    "packed without end": lambda data, canary: HEADER + struct.pack("<II", 15, len(BOMB)) + BOMB,
}

LARGE = ("packed without end",)
