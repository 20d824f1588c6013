import h5py
import numpy as np
import pytest
from scipy.io import savemat

from data.sources.written import cofw
from data.sources.written.made import make
from facealign.config import Settings, UserError
from facealign.data.record import BadSample
from facealign.data.sources.cofw import COFW

TEST = "COFW_test_color.mat"


def _open(root):
    return COFW(root, "cofw29", Settings(), 0)


@pytest.fixture
def root(tmp_path):
    cofw.write(tmp_path, 8)
    return tmp_path


def test_faces_come_back(root):
    source = _open(root)
    samples = list(source.samples())
    assert [sample.id for sample in samples[3:5]] == ["test/00004", "train/00001"]
    assert len({sample.photo for sample in samples}) == 8
    for sample in samples:
        number = 2 * sample.row + (sample.fold == "train")
        face, record = make(number, 29), source.load(sample)
        np.testing.assert_allclose(record.points, face.points, atol=1e-12)
        np.testing.assert_array_equal(record.visible, ~face.hidden)
        np.testing.assert_array_equal(record.box, face.box)
        gray = np.repeat(face.image[..., :1], 3, axis=2)
        np.testing.assert_array_equal(record.image, gray if number % 3 == 2 else face.image)


def test_the_published_training_file_is_of_two_parts(tmp_path, monkeypatch):
    monkeypatch.setattr("data.sources.written.cofw.picture", lambda number: np.zeros((1, 1), dtype=np.uint8))
    cofw.write_fold(tmp_path, "train", range(1345))
    subsets = [sample.subset for sample in _open(tmp_path).samples()]
    assert subsets == ["lfpw"] * 845 + ["cofw"] * 500


def test_fingerprints_follow_the_row_and_its_picture_alone(root):
    source = _open(root)
    before = [source.fingerprint(sample) for sample in source.samples()]
    with h5py.File(root / TEST, "r+") as file:
        file["#refs#/IsT1"][0, 0] ^= 1
        file["phisT"][3, 2] += 1
    after = [source.fingerprint(sample) for sample in source.samples()]
    assert [a == b for a, b in zip(before, after, strict=True)] == [True, False, False, True] + [True] * 4


def _set(name, value):
    def change(file):
        del file[name]
        file[name] = value

    return change


def _null_reference(file):
    file["IsT"][0, 0] = h5py.Reference()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_set("#refs#/IsT0", np.zeros((3, 9, 9))), r"IsT\{1\}: is 9 × 9 × 3 of float64; an image is"),
        (_set("#refs#/IsT0", np.zeros((4, 9, 9), np.uint8)), r"IsT\{1\}: is 9 × 9 × 4 of uint8; an image is"),
        (_set("#refs#/IsT0", np.zeros((0, 9), np.uint8)), r"IsT\{1\}: is 9 × 0 of uint8; an image is"),
        (_null_reference, r"IsT\{1\}: is empty"),
    ],
)
def test_a_bad_picture_costs_its_face_alone(root, change, message):
    with h5py.File(root / TEST, "r+") as file:
        if "null" not in change.__name__:
            # The cell refers to what the name meant when it was written.
            change(file)
            file["IsT"][0, 0] = file["#refs#/IsT0"].ref
        else:
            change(file)
    source = _open(root)
    first, second, *_ = source.samples()
    for read in (source.load, source.fingerprint):
        with pytest.raises(BadSample, match=message):
            read(first)
    source.load(second)


@pytest.mark.parametrize(
    ("entry", "value", "message"),
    [
        (3, np.nan, "test_color.mat:1: a coordinate is not finite"),
        (60, 0.5, "test_color.mat:1: says 0.5 where 0 or 1"),
    ],
)
def test_a_bad_row(root, entry, value, message):
    with h5py.File(root / TEST, "r+") as file:
        file["phisT"][entry, 0] = value
    source = _open(root)
    with pytest.raises(BadSample, match=message):
        source.load(next(source.samples()))


def test_files_that_do_not_fit_together(root):
    with h5py.File(root / TEST, "r+") as file:
        _set("bboxesT", np.zeros((4, 3)))(file)
    with pytest.raises(UserError, match="IsT has 4 images, phisT 4 rows and bboxesT 3; they belong together"):
        list(_open(root).samples())


def test_other_folders(tmp_path):
    (tmp_path / "COFW_test.mat").write_bytes(b"")
    with pytest.raises(UserError, match=r"found COFW_test\.mat; COFW in color is COFW_test_color\.mat and"):
        list(_open(tmp_path).samples())
    savemat(tmp_path / TEST, {"IsT": np.zeros(3)})
    with pytest.raises(UserError, match=r"is of MATLAB's version 5; fetch the original, which is of 7\.3"):
        list(_open(tmp_path).samples())
