import h5py
import numpy as np
import pytest

from data.sources.written.mat73 import write_mat73
from facealign.data.record import BadSample
from facealign.data.sources.hdf5 import MatFile73

MATRIX = np.arange(12.0).reshape(4, 3)
CELLS = [np.arange(6, dtype=np.uint8).reshape(2, 3), np.arange(24, dtype=np.uint8).reshape(2, 4, 3)]


@pytest.fixture
def path(tmp_path):
    write_mat73(tmp_path / "some.mat", {"m": MATRIX}, {"c": CELLS})
    return tmp_path / "some.mat"


def _read(path, name="m"):
    with MatFile73(path, "some.mat") as file:
        return file.matrix(name, 3)


def test_arrays_have_matlabs_order(path):
    with MatFile73(path, "some.mat") as file:
        np.testing.assert_array_equal(file.matrix("m", 3), MATRIX)
        assert file.cells("c") == 2
        for i, cell in enumerate(CELLS):
            np.testing.assert_array_equal(file.cell("c", i), cell)


def test_a_row_of_cells_reads_as_a_column_does(path):
    with h5py.File(path, "r+") as file:
        references = file["c"][:]
        del file["c"]
        file.create_dataset("c", data=references.T, dtype=h5py.ref_dtype)
    with MatFile73(path, "some.mat") as file:
        np.testing.assert_array_equal(file.cell("c", 1), CELLS[1])


def _external_link(file, folder):
    with h5py.File(folder / "other.h5", "w") as other:
        other["m"] = MATRIX.T
    file["x"] = h5py.ExternalLink("other.h5", "/m")


def _external_storage(file, folder):
    (folder / "raw").write_bytes(bytes(96))
    file.create_dataset("x", (3, 4), "f8", external=[(str(folder / "raw"), 0, 96)])


def _virtual(file, folder):
    layout = h5py.VirtualLayout((3, 4), "f8")
    layout[:] = h5py.VirtualSource(str(folder / "other.h5"), "m", (3, 4))
    file.create_virtual_dataset("x", layout)


def _array(shape, kind, **form):
    return lambda file, folder: file.create_dataset("x", shape, kind, **form)


@pytest.mark.parametrize(
    ("put", "message"),
    [
        (_external_link, "some.mat: x is a link to somewhere else"),
        (_external_storage, "some.mat:x: is kept in another file"),
        (_virtual, "some.mat:x: is kept in another file"),
        (lambda file, folder: file.__setitem__("x", h5py.SoftLink("/m")), "x is a link to somewhere else"),
        (lambda file, folder: file.create_group("x"), "some.mat:x: is not an array"),
        (lambda file, folder: file.create_dataset("x", data=h5py.Empty("f8")), "some.mat:x: is empty"),
        (_array((3, 10**12), "f8", chunks=(3, 9)), "is said to be 3 × 1000000000000 of float64, more than 256"),
        (_array((3, 4), "f8", maxshape=(3, None), chunks=(3, 2**25)), "is said to be 3 × 4 of float64, more than"),
        (_array((3, 4), "f8", chunks=True, compression="lzf"), r"compressed by the HDF5 filters \[32000\]"),
        (_array((4, 3), "f8"), "is 3 × 4 of float64; it should be rows of 3"),
        (_array((), "f8"), "is one of float64; it should be rows of 3"),
        (_array((3, 4), h5py.string_dtype()), "holds values of varying length"),
        (lambda file, folder: None, "has no variable x; it holds #refs#, c, m"),
    ],
)  # fmt: skip
def test_what_is_refused(path, put, message):
    with h5py.File(path, "r+") as file:
        put(file, path.parent)
    with pytest.raises(BadSample, match=message):
        _read(path, "x")


@pytest.mark.parametrize(
    ("name", "index", "message"),
    [
        ("c", 2, r"c\{3\}: c has 2 cells"),
        ("m", 0, "m is not a row or a column of cells"),
        ("d", 0, "no variable d"),
    ],
)
def test_cells_that_are_not_there(path, name, index, message):
    with MatFile73(path, "some.mat") as file, pytest.raises(BadSample, match=message):
        file.cell(name, index)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is not a .mat file of MATLAB's version 7.3"),
        (b"\x89PNG" * 100, "is not a .mat file of MATLAB's version 7.3"),
        (b"MATLAB 5.0".ljust(124) + b"\x00\x01IM", "is of MATLAB's version 5"),
    ],
)
def test_other_files(tmp_path, data, message):
    (tmp_path / "some.mat").write_bytes(data)
    with pytest.raises(BadSample, match=message):
        _read(tmp_path / "some.mat")
    with pytest.raises(BadSample, match="cannot be read: No such file"):
        _read(tmp_path / "absent.mat")


def test_a_file_cut_short(path):
    data = path.read_bytes()
    for size in range(520, len(data), 997):
        path.write_bytes(data[:size])
        with pytest.raises(BadSample, match=r"some\.mat"):
            _read(path)


def test_flipped_bytes_never_surprise(path):
    data = path.read_bytes()
    rng = np.random.default_rng(0)
    outcomes = set()
    for _ in range(300):
        broken = bytearray(data)
        for place in rng.integers(512, len(data), 4):
            broken[place] ^= int(rng.integers(1, 256))
        path.write_bytes(bytes(broken))
        try:
            with MatFile73(path, "some.mat") as file:
                file.matrix("m", 3)
                file.cell("c", 1)
            outcomes.add("read")
        except BadSample:
            outcomes.add("refused")
    assert outcomes == {"read", "refused"}
