"""SciPy writes what this reads: the two know nothing of each other."""

import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.io import savemat

from facealign.data.record import BadSample
from facealign.data.sources.matlab import read_mat5, read_mat5_texts

KINDS = ["f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "?"]


def _write(path, compressed=True, **variables):
    savemat(path, variables, do_compression=compressed)
    return path


def _matrix(order, kind, shape, stored, data, name=b"x", flags=0):
    """A variable, byte by byte as the format's document says."""

    def element(number, content):
        return struct.pack(f"{order}II", number, len(content)) + content + bytes(-len(content) % 8)

    body = element(6, struct.pack(f"{order}II", kind | flags, 0))
    body += element(5, struct.pack(f"{order}{len(shape)}i", *shape)) + element(1, name) + element(stored, data)
    return element(14, body)


def _file(*variables, order="<"):
    mark = b"\x00\x01IM" if order == "<" else b"\x01\x00MI"
    return b"MATLAB 5.0 MAT-file".ljust(124) + mark + b"".join(variables)


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_number_is_read(tmp_path, kind, compressed):
    values = np.random.default_rng(0).integers(0, 2, (3, 5)).astype(kind)
    path = _write(tmp_path / "a.mat", compressed, other="text", x=values, y=values.T)
    found = read_mat5(path, "a.mat", {"x": (3, 5)}, {"y": (None, 3), "z": (1, 1)})
    assert list(found) == ["x", "y"]
    assert found["x"].dtype == np.float64
    np.testing.assert_array_equal(found["x"], values)
    np.testing.assert_array_equal(found["y"], values.T)


@settings(max_examples=50, deadline=None)
@given(
    values=hnp.arrays(np.float64, hnp.array_shapes(min_dims=2, max_dims=3, min_side=0, max_side=5)),
    compressed=st.booleans(),
)
def test_what_was_written_comes_back(tmp_path_factory, values, compressed):
    path = _write(tmp_path_factory.mktemp("mat") / "a.mat", compressed, x=values)
    found = read_mat5(path, "a.mat", {"x": (None,) * values.ndim})["x"]
    np.testing.assert_array_equal(found, values)


@pytest.mark.parametrize("order", "<>")
def test_numbers_packed_into_a_smaller_type_are_read_in_either_order_of_bytes(tmp_path, order):
    """MATLAB stores doubles that are small whole numbers as bytes; SciPy never writes that, nor big-endian."""
    path = tmp_path / "a.mat"
    path.write_bytes(_file(_matrix(order, 6, (2, 3), 4, np.arange(6, dtype=f"{order}u2").tobytes()), order=order))
    np.testing.assert_array_equal(read_mat5(path, "a.mat", {"x": (2, 3)})["x"], [[0, 2, 4], [1, 3, 5]])


def test_texts_of_a_cell_array_are_read(tmp_path):
    names = np.array(["image00001.jpg", "", "Zoë.png"], dtype=object)
    for compressed in (True, False):
        path = _write(tmp_path / "a.mat", compressed, nameList=names[:, None], row=names[None])
        assert read_mat5_texts(path, "a.mat", "nameList") == tuple(names)
        assert read_mat5_texts(path, "a.mat", "row") == tuple(names)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"y": np.zeros((2, 2))}, "has no variable x; it holds y"),
        ({"x": np.zeros((2, 3))}, "x is 2 × 3, it should be 2 × 2"),
        ({"x": np.zeros((2, 2, 1, 2))}, "x is 2 × 2 × 1 × 2, it should be 2 × 2"),
        ({"x": np.full((2, 2), 1j)}, "x is of MATLAB's class complex, it should hold real numbers"),
        ({"x": "text"}, "x is of MATLAB's class char"),
        ({"x": np.array(["a", "b"], dtype=object)}, "x is of MATLAB's class cell"),
        ({"x": {"field": 1}}, "x is of MATLAB's class struct"),
    ],
)
def test_other_content_is_refused(tmp_path, variables, message):
    path = _write(tmp_path / "a.mat", **variables)
    with pytest.raises(BadSample, match=r"^afw/a\.mat: " + message):
        read_mat5(path, "afw/a.mat", {"x": (2, 2)})


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.zeros((2, 2)), "x is of MATLAB's class double, it should be a cell array of texts"),
        (np.array([["a", "b"], ["c", "d"]], dtype=object), "x is 2 × 2; a row or a column of texts belongs there"),
        (np.array([1.0, "b"], dtype=object), r"x\{1\} is double 1 × 1, it should be one line of text"),
        (np.array(["b", np.array(["ab", "cd"])], dtype=object), r"x\{2\} is "),
    ],
)
def test_other_cells_are_refused(tmp_path, value, message):
    with pytest.raises(BadSample, match=message):
        read_mat5_texts(_write(tmp_path / "a.mat", x=value), "a.mat", "x")


GOOD = _matrix("<", 6, (2, 2), 9, np.arange(4.0).tobytes())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not a .mat file of MATLAB's version 5"),
        (b"\x80\x04\x95 a pickle", "is not a .mat file"),
        (b"\x89HDF\r\n\x1a\n" + bytes(600), r"version 7\.3 \(HDF5\), not 5; in MATLAB, save it with -v7"),
        (bytes(512) + b"\x89HDF\r\n\x1a\n" + bytes(600), r"version 7\.3"),
        (_file(), "has no variable x; it holds nothing"),
        (_file(GOOD, GOOD), "holds x twice"),
        (_file(GOOD[:-8]), "ends after the file does"),
        (_file(GOOD, b"\x0e\0\0"), "ends early"),
        (_file(_matrix("<", 6, (2, 2), 9, np.arange(3.0).tobytes())), "x is 2 × 2 but holds 24 bytes"),
        (_file(_matrix("<", 6, (1 << 30, 1 << 30), 9, bytes(32))), "more than the file holds"),
        (_file(_matrix("<", 6, (0, 1 << 30), 9, b"")), "more than the file holds"),
        (_file(_matrix("<", 6, (-2, 2), 9, bytes(32))), "more than the file holds"),
        (_file(_matrix("<", 6, (2, 2), 14, bytes(32))), "x is stored as type 14"),
        (_file(struct.pack("<II", 15, 4) + b"junk"), "an array cannot be unpacked"),
        (_file(struct.pack("<II", 15, 12) + zlib.compress(GOOD)[:12]), "ends early"),
        (_file(struct.pack("<II", 14, 0xFFFFFFF0)), "ends after the file does"),
    ],
)
def test_damaged_files_are_refused(tmp_path, content, message):
    path = tmp_path / "a.mat"
    path.write_bytes(content)
    with pytest.raises(BadSample, match=message):
        read_mat5(path, "a.mat", {"x": (2, 2)})


def test_a_file_that_unpacks_to_too_much_is_refused(tmp_path):
    path = tmp_path / "a.mat"
    bomb = zlib.compress(bytes(3 << 20))
    path.write_bytes(_file(struct.pack("<II", 15, len(bomb)) + bomb))
    with pytest.raises(BadSample, match="unpacks to more bytes"):
        read_mat5(path, "a.mat", {"x": (2, 2)}, megabytes=2)
    path.write_bytes(bytes(3 << 20))
    with pytest.raises(BadSample, match="more than the 2097152 bytes"):
        read_mat5(path, "a.mat", {"x": (2, 2)}, megabytes=2)
    with pytest.raises(BadSample, match=r"cannot be read: No such file"):
        read_mat5(tmp_path / "b.mat", "b.mat", {"x": (2, 2)})


def test_no_damage_gets_past_bad_sample(tmp_path):
    """Bytes are changed at random: each file is read, or refused in words, and quickly."""
    rng = np.random.default_rng(0)
    cells = np.array(["one", "two"], dtype=object)
    whole = [
        _write(tmp_path / f"{compressed}.mat", compressed, x=np.eye(3), c=cells).read_bytes()
        for compressed in (False, True)
    ]
    path = tmp_path / "damaged.mat"
    refused = 0
    for _ in range(1500):
        data = bytearray(whole[rng.integers(2)])
        for _ in range(rng.integers(1, 4)):
            data[rng.integers(124, len(data))] = rng.choice([0, 1, 14, 255, rng.integers(256)])
        path.write_bytes(data[: len(data) if rng.random() < 0.8 else rng.integers(len(data))])
        for read in (
            lambda: read_mat5(path, "damaged.mat", {"x": (3, 3)}),
            lambda: read_mat5_texts(path, "damaged.mat", "c"),
        ):
            try:
                read()
            except BadSample:
                refused += 1
    assert refused > 1000
