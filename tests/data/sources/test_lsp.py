import numpy as np
import pytest
from scipy.io import loadmat, savemat

from data.sources.written import lsp, lspet
from data.sources.written.made import make
from facealign.config import UserError
from facealign.data.config import DataConfig
from facealign.data.record import BadSample
from facealign.geometry import load_schema

JOINTS = (
    "right ankle", "right knee", "right hip", "left hip", "left knee", "left ankle", "right wrist",
    "right elbow", "right shoulder", "left shoulder", "left elbow", "left wrist", "neck", "head top",
)  # fmt: skip
"""In the order of the data set's own description."""


def _open(root, name, **options):
    return DataConfig.model_validate(
        {"source": name, "landmarks": "lsp14", "root": str(root), name: options}
    ).open_source()


def test_a_mirrored_person_changes_sides():
    sides = {"right": "left", "left": "right"}
    mirrored = tuple(" ".join(sides.get(word, word) for word in joint.split()) for joint in JOINTS)
    assert tuple(JOINTS[i] for i in load_schema("lsp14").flip) == mirrored


def test_people_come_back(tmp_path):
    lsp.write(tmp_path, 4)
    source = _open(tmp_path, "lsp", train=2)
    samples = list(source.samples())
    assert [s.id for s in samples] == [
        "test/im0003.jpg", "test/im0004.jpg", "train/im0001.jpg", "train/im0002.jpg"
    ]  # fmt: skip
    for sample in samples:
        person, record = make(sample.row - 1, 14), source.load(sample)
        np.testing.assert_allclose(record.points, person.points, atol=1e-12)
        np.testing.assert_array_equal(record.visible, ~person.hidden)
        np.testing.assert_array_equal(record.image, person.image)


def test_the_published_split(tmp_path):
    savemat(tmp_path / "joints.mat", {"joints": np.zeros((3, 14, 2000))})
    samples = list(_open(tmp_path, "lsp").samples())
    assert {s.row for s in samples if s.fold == "train"} == set(range(1, 1001))
    assert {s.row for s in samples if s.fold == "test"} == set(range(1001, 2001))


def test_unlabeled_joints_of_the_extension_are_unknown(tmp_path):
    lspet.write(tmp_path, 3)
    source = _open(tmp_path, "lspet")
    samples = list(source.samples())
    assert [s.id for s in samples] == [f"train/im0000{i}.jpg" for i in (1, 2, 3)]
    for sample in samples:
        person, record = make(sample.row - 1, 14), source.load(sample)
        np.testing.assert_array_equal(record.visible, ~person.hidden)
        np.testing.assert_allclose(record.points[~person.hidden], person.points[~person.hidden], atol=1e-12)
        assert np.isnan(record.points[person.hidden]).all()


@pytest.mark.parametrize(("name", "writer"), [("lsp", lspet), ("lspet", lsp)])
def test_one_is_not_taken_for_the_other(tmp_path, name, writer):
    writer.write(tmp_path, 3)
    with pytest.raises(UserError, match=r"joints is (14 × 3|3 × 14) × 3, it should be (3 × 14|14 × 3) × any"):
        list(_open(tmp_path, name).samples())


@pytest.mark.parametrize(
    ("entry", "value", "message"),
    [
        ((2, 5), 0.5, "joints.mat:1: says 0.5 where"),
        ((0, 5), np.nan, "joints.mat:1: a visible joint has no finite"),
    ],
)
def test_bad_rows(tmp_path, entry, value, message):
    lsp.write(tmp_path, 2)
    joints = loadmat(tmp_path / "joints.mat")["joints"]
    joints[2, :, 0] = 0
    joints[(*entry, 0)] = value
    savemat(tmp_path / "joints.mat", {"joints": joints})
    source = _open(tmp_path, "lsp", train=1)
    test, train = source.samples()
    with pytest.raises(BadSample, match=message):
        source.load(train)
    source.load(test)


@pytest.mark.parametrize("name", ["lsp", "lspet"])
def test_other_folders(tmp_path, name):
    with pytest.raises(UserError, match=r"found nothing; Leeds Sports Pose.* is joints\.mat"):
        list(_open(tmp_path, name).samples())
