import numpy as np
import pytest
from scipy.io import loadmat, savemat

from data.sources.written import aflw
from data.sources.written.made import make
from facealign.config import UserError
from facealign.data.config import DataConfig
from facealign.data.record import BadSample

TABLE = "AFLWinfo_release.mat"


def _open(root, **options):
    return DataConfig.model_validate(
        {"source": "aflw", "landmarks": "aflw19", "root": str(root), "aflw": options}
    ).open_source()


@pytest.fixture
def root(tmp_path):
    aflw.write(tmp_path, 6)
    return tmp_path


def _change(root, **columns):
    table = {name: value for name, value in loadmat(root / TABLE).items() if not name.startswith("_")}
    savemat(root / TABLE, {**table, **columns})


def test_faces_come_back(root):
    source = _open(root, train=3)
    samples = list(source.samples())
    assert [(s.id, s.photo) for s in samples] == [
        ("test/000001", "3/image00000.jpg"),
        ("test/000002", "3/image00000.jpg"),
        ("test/000003", "3/image00001.jpg"),
        ("train/000004", "3/image00001.jpg"),
        ("train/000005", "3/image00002.jpg"),
        ("train/000006", "3/image00002.jpg"),
    ]
    for number, sample in enumerate(samples):
        face, record = make(number, 19), source.load(sample)
        first = int(number == 1)
        np.testing.assert_allclose(record.points[first:], face.points[first:])
        np.testing.assert_array_equal(record.box, face.box)
        hidden = np.zeros(19, dtype=bool) if number == 0 else face.hidden
        np.testing.assert_array_equal(record.visible[first:], ~hidden[first:])
        assert np.isnan(record.points[0]).all() == (number == 1)


def test_frontal_faces(root):
    assert [s.subset for s in _open(root, train=3).samples()].count("frontal") == 1
    samples = list(_open(root, train=3, split="frontal").samples())
    assert [(s.id, s.subset) for s in samples if s.fold == "test"] == [("test/000001", "frontal")]
    assert sum(s.fold == "train" for s in samples) == 3


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"ra": np.array([[1, 1, 2, 3, 4, 5]])}, "ra is not a permutation of 1…6"),
        ({"ra": np.array([[1, 2, 3, 4, 5, np.nan]])}, "ra is not a permutation of 1…6"),
        ({"ra": np.arange(6.0)[None]}, "ra is not a permutation of 1…6"),
        ({"data": np.zeros((6, 42))}, "data is 6 × 42, it should be 6 × 38"),
        ({"mask_new": np.zeros((5, 19))}, "mask_new is 5 × 19, it should be 6 × 19"),
        ({"nameList": np.zeros((6, 1))}, "nameList"),
    ],
)
def test_tables_that_are_another(root, columns, message):
    _change(root, **columns)
    with pytest.raises(UserError, match=message):
        list(_open(root, train=3).samples())


def test_too_few_faces_for_the_published_split(root):
    with pytest.raises(UserError, match=r"holds 6 faces, and data\.aflw\.train takes the first 20000"):
        list(_open(root).samples())


def test_other_folders(tmp_path):
    with pytest.raises(UserError, match=r"found nothing; AFLW-19 is the table AFLWinfo_release\.mat"):
        list(_open(tmp_path).samples())


@pytest.mark.parametrize("name", ["../up.jpg", "a\\b.jpg", "a\x00.jpg", "", "absent.jpg"])
def test_bad_names_cost_their_face_alone(root, name):
    names = loadmat(root / TABLE)["nameList"]
    names[0, 0] = name
    _change(root, nameList=names)
    source = _open(root, train=3)
    first, second, *_ = source.samples()
    with pytest.raises(BadSample):
        source.load(first)
    source.load(second)


def test_a_visible_landmark_needs_coordinates(root):
    data = loadmat(root / TABLE)["data"]
    data[0, 4] = np.inf
    _change(root, data=data)
    source = _open(root, train=3)
    with pytest.raises(BadSample, match="mat:1: landmark 4 is visible and has no finite coordinates"):
        source.load(next(source.samples()))


@pytest.mark.real
def test_real_faces(real_data):
    """A thousand cut faces with a table of the published form, in which hidden landmarks are (0, 0)."""
    source = _open(real_data / "AFLW19_crops", table="AFLWinfo_like.mat", images="images", train=820)
    samples = list(source.samples())
    assert len(samples) == 1000
    assert sum(sample.fold == "train" for sample in samples) == 820
    assert sum(sample.subset == "frontal" for sample in samples) == 253
    for sample in samples[::9]:
        record = source.load(sample)
        np.testing.assert_array_equal(np.isfinite(record.points).all(axis=1), record.visible)
        low, high = np.nanmin(record.points, axis=0), np.nanmax(record.points, axis=0)
        np.testing.assert_allclose(record.box, [*low, *high], atol=1e-6)
        nose, chin = record.points[13], record.points[18]
        assert not nose[1] > chin[1] + 10
