"""COFW's files, which are HDF5: damaged, leading elsewhere, or something else."""

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from data.malformed.data_sets import DATA_SETS
from data.malformed.matlab_files import LARGE
from data.malformed.matlab_files import OTHER as OTHER_MAT

PICTURES, POINTS, BOXES = "IsTr", "phisTr", "bboxesTr"
FILE = DATA_SETS["cofw"].table


def _write_v5(path):
    path.unlink()
    savemat(path, {POINTS: np.zeros((2, 87)), BOXES: np.zeros((2, 4))})


def _replace(name, make):
    def damage(file):
        del file[name]
        made = make(file)
        if made is not None:
            file[name] = made

    return damage


def _secret(file):
    """A file beside the data set, which nothing in it may lead to."""
    path = file.filename.rsplit("/", 2)[0] + "/secret.h5"
    with h5py.File(path, "w") as secret:
        secret[POINTS] = np.full((87, 2), 20.0)
    with open(path.replace(".h5", ".raw"), "wb") as raw:
        raw.write(np.full((87, 2), 20.0).tobytes())
    return path


def _external_link(file):
    return h5py.ExternalLink(_secret(file), POINTS)


def _external_data(file):
    raw = _secret(file).replace(".h5", ".raw")
    file.create_dataset(POINTS, (87, 2), dtype="f8", external=[(raw, 0, 87 * 2 * 8)])


def _virtual(file):
    layout = h5py.VirtualLayout((87, 2), dtype="f8")
    layout[:] = h5py.VirtualSource(_secret(file), POINTS, (87, 2))
    file.create_virtual_dataset(POINTS, layout)


def _huge(shape, **options):
    def make(file):
        file.create_dataset(POINTS, shape, dtype="f8", **options)

    return make


def _texts(file):
    file.create_dataset(POINTS, (87, 2), dtype=h5py.string_dtype())


def _row(change):
    def damage(file):
        data = file[POINTS][()].copy()
        change(data)
        file[POINTS][...] = data

    return damage


def _first_cell(make):
    def damage(file):
        made = make(file)
        file[PICTURES][0, 0] = made.ref if made is not None else h5py.Reference()

    return damage


def _put(name, array):
    return lambda file: file.create_dataset(name, data=array)


def _packed(file):
    options = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    options.set_chunk((87, 2))
    options.set_filter(32001, h5py.h5z.FLAG_OPTIONAL, (1, 2, 3))
    space = h5py.h5s.create_simple((87, 2))
    h5py.h5d.create(file.id, POINTS.encode(), h5py.h5t.NATIVE_DOUBLE, space, options)


DAMAGES = {
    # of the table: all faces of the file are lost
    "no points": (_replace(POINTS, lambda file: None), "refused"),
    "no boxes": (_replace(BOXES, lambda file: None), "refused"),
    "no images": (_replace(PICTURES, lambda file: None), "refused"),
    "points are a folder": (_replace(POINTS, lambda file: file.create_group("g")), "refused"),
    "images are a folder": (_replace(PICTURES, lambda file: file.create_group("g")), "refused"),
    "images are numbers": (_replace(PICTURES, lambda file: np.zeros((1, 2))), "refused"),
    "a link to another file": (_replace(POINTS, _external_link), "refused"),
    "a link within": (_replace(POINTS, lambda file: h5py.SoftLink(f"/{BOXES}")), "refused"),
    "a link to itself": (_replace(POINTS, lambda file: h5py.SoftLink(f"/{POINTS}")), "refused"),
    "a link to nowhere": (_replace(POINTS, lambda file: h5py.SoftLink("/nowhere")), "refused"),
    "images in another file": (_replace(PICTURES, _external_link), "refused"),
    "data in another file": (_replace(POINTS, _external_data), "refused"),
    "data of other files": (_replace(POINTS, _virtual), "refused"),
    "an unknown packing": (_replace(POINTS, _packed), "refused"),
    "2⁴⁰ rows": (_replace(POINTS, _huge((87, 1 << 40), chunks=(87, 1))), "refused"),
    "2⁴⁰ columns": (_replace(POINTS, _huge((1 << 40, 2), chunks=(1, 2))), "refused"),
    "huge chunks": (_replace(POINTS, _huge((87, 2), chunks=(87, 10**6), maxshape=(87, None))), "refused"),
    "2⁴⁰ images": (
        _replace(PICTURES, lambda f: f.create_dataset("p", (1, 1 << 40), dtype=h5py.ref_dtype, chunks=(1, 99))),
        "refused",
    ),
    "no rows": (_replace(POINTS, lambda file: np.zeros((87, 0))), "refused"),
    "points turned": (_replace(POINTS, lambda file: np.zeros((2, 87))), "refused"),
    "points of 3 sides": (_replace(POINTS, lambda file: np.zeros((87, 2, 1))), "refused"),
    "one point": (_replace(POINTS, lambda file: 3.0), "refused"),
    "points of nothing": (_replace(POINTS, lambda file: h5py.Empty("f8")), "refused"),
    "points of texts": (_replace(POINTS, _texts), "refused"),
    "complex points": (_replace(POINTS, lambda file: np.zeros((87, 2), dtype=complex)), "refused"),
    "points of structs": (_replace(POINTS, lambda file: np.zeros((87, 2), dtype=[("a", "f8")])), "refused"),
    "a row too few": (_replace(POINTS, lambda file: np.full((87, 1), 20.0)), "refused"),
    "a row too many": (_replace(BOXES, lambda file: np.full((4, 3), 20.0)), "refused"),
    "points as whole numbers": (_replace(POINTS, lambda file: np.zeros((87, 2), dtype="u8")), "either"),
    "points at half precision": (_replace(POINTS, lambda file: np.zeros((87, 2), dtype="f2")), "either"),
}
ROWS = {
    # of a row: its face is lost
    "a NaN": _row(lambda data: data.__setitem__((3, 0), np.nan)),
    "an infinity": _row(lambda data: data.__setitem__((3, 0), np.inf)),
    "1e308": _row(lambda data: data.__setitem__((3, 0), 1e308)),
    "hidden by 2": _row(lambda data: data.__setitem__((80, 0), 2)),
    "hidden by NaN": _row(lambda data: data.__setitem__((80, 0), np.nan)),
    "all at one place": _row(lambda data: data.__setitem__((slice(0, 58), 0), 20)),
    "no image": _first_cell(lambda file: None),
    "the image is a folder": _first_cell(lambda file: file.create_group("g")),
    "the image is text": _first_cell(_put("p", "text")),
    "the image is a list": _first_cell(_put("p", np.zeros(9, dtype=np.uint8))),
    "the image is nothing": _first_cell(_put("p", np.zeros((3, 0, 9), dtype=np.uint8))),
    "the image is of floats": _first_cell(_put("p", np.zeros((3, 9, 9)))),
    "the image has four channels": _first_cell(_put("p", np.zeros((4, 9, 9), dtype=np.uint8))),
    "the image is huge": _first_cell(
        lambda file: file.create_dataset("p", (3, 1 << 30, 1 << 30), dtype="u1", chunks=(3, 9, 9))
    ),
    "the image is itself": _first_cell(lambda file: file[PICTURES]),
    "the image is small": _first_cell(_put("p", np.zeros((3, 2, 2), dtype=np.uint8))),
}


NOT_OF_HDF5 = ("version 7.3", "all but 8 bytes", *LARGE)


def _edited(change):
    def damage(path):
        with h5py.File(path, "r+") as file:
            change(file)

    return damage


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_table(damage_table, damage):
    change, expected = DAMAGES[damage]
    damage_table("cofw", FILE, _edited(change), expected)


@pytest.mark.parametrize("damage", ROWS)
def test_a_row_costs_its_face(damage_table, damage):
    outcome = damage_table("cofw", FILE, _edited(ROWS[damage]), "refused", row=0)
    assert len(outcome.bad) == 1


@pytest.mark.parametrize("content", [name for name in OTHER_MAT if name not in NOT_OF_HDF5])
@pytest.mark.parametrize("source", ["cofw", "cofw68"])
def test_other_files_are_refused(damage_table, tmp_path, source, content):
    canary = tmp_path / "canary"
    damage_table(
        source,
        DATA_SETS[source].table,
        lambda path: path.write_bytes(OTHER_MAT[content](path.read_bytes(), canary)),
        "refused",
    )
    assert not canary.exists()


@pytest.mark.parametrize("source", ["cofw", "cofw68"])
def test_version_5_is_refused(damage_table, source):
    outcome = damage_table(source, DATA_SETS[source].table, _write_v5, "refused")
    assert "is of MATLAB's version 5" in outcome.refusal


@pytest.mark.parametrize("seed", range(30))
def test_any_bits_may_flip(damage_table, seed):
    def flip(path):
        rng = np.random.default_rng(seed)
        data = bytearray(path.read_bytes())
        for place in rng.integers(512, 4096 if seed % 2 else len(data), 1 + seed // 3):
            data[place] ^= 1 << rng.integers(8)
        path.write_bytes(data)

    damage_table("cofw", FILE, flip, "either")
