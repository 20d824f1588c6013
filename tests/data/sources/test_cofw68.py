import shutil

import numpy as np
import pytest
from scipy.io import savemat

from data.sources.written import cofw, cofw68
from data.sources.written.made import make
from facealign.config import Settings, UserError
from facealign.data.record import BadSample
from facealign.data.sources.cofw68 import COFW68


def _open(root):
    return COFW68(root, "ibug68", Settings(), 0)


@pytest.fixture
def root(tmp_path):
    cofw68.write(tmp_path, 5)
    return tmp_path


def test_faces_come_back(root):
    source = _open(root)
    samples = list(source.samples())
    assert [sample.id for sample in samples] == [f"test/{i:05d}" for i in range(1, 6)]
    for number, sample in enumerate(samples):
        face, record = make(number, 68), source.load(sample)
        assert sample.fold == "test"
        np.testing.assert_allclose(record.points, face.points, atol=1e-12)
        np.testing.assert_array_equal(record.visible, ~face.hidden)
        np.testing.assert_array_equal(record.box, face.box)
        assert record.image.shape == (*cofw.picture(number).shape[:2], 3)


def test_boxes_may_be_missing(root):
    (root / "cofw68_test_bboxes.mat").unlink()
    source = _open(root)
    assert all(source.load(sample).box is None for sample in source.samples())


def test_what_is_missing_shows_on_loading(root):
    (root / "test_annotations/2_points.mat").unlink()
    shutil.copy(root / "test_annotations/1_points.mat", root / "test_annotations/9_points.mat")
    source = _open(root)
    samples = {sample.id: sample for sample in source.samples()}
    assert len(samples) == 6
    with pytest.raises(BadSample, match=r"2_points\.mat: cannot be read: No such file"):
        source.load(samples["test/00002"])
    with pytest.raises(BadSample, match=r"IsT\{9\}: IsT has 5 cells"):
        source.load(samples["test/00009"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"Points": np.full((68, 2), np.nan), "Occ": np.zeros((1, 68))}, "a coordinate is not finite"),
        ({"Points": np.ones((68, 2)), "Occ": np.full((1, 68), 2)}, "Occ must be 0 or 1"),
        ({"Points": np.ones((29, 2)), "Occ": np.zeros((1, 68))}, "Points is 29 × 2, it should be 68 × 2"),
    ],
)
def test_bad_annotations(root, content, message):
    savemat(root / "test_annotations/1_points.mat", content)
    source = _open(root)
    with pytest.raises(BadSample, match=message):
        source.load(next(source.samples()))


def test_fingerprints_follow_the_annotation(root):
    source = _open(root)
    before = [source.fingerprint(sample) for sample in source.samples()]
    shutil.copy(root / "test_annotations/1_points.mat", root / "test_annotations/2_points.mat")
    after = [source.fingerprint(sample) for sample in source.samples()]
    assert [a == b for a, b in zip(before, after, strict=True)] == [True, False, True, True, True]


def test_other_folders(tmp_path):
    with pytest.raises(UserError, match=r"COFW-68 is the folder test_annotations, and COFW_test_color\.mat"):
        list(_open(tmp_path).samples())


def test_boxes_of_other_pictures(root):
    savemat(root / "cofw68_test_bboxes.mat", {"bboxes": np.zeros((7, 4))})
    with pytest.raises(UserError, match="bboxes has 7 rows for 5 images"):
        list(_open(root).samples())


@pytest.mark.real
def test_published_annotations(real_data, tmp_path):
    """Twenty published label files, before made-up images: a face's left and right are where they should be."""
    shutil.copytree(real_data / "samples/COFW68_labels_only/test_annotations", tmp_path / "test_annotations")
    cofw.write_fold(tmp_path, "test", range(20))
    source = _open(tmp_path)
    records = [source.load(sample) for sample in source.samples()]
    assert len(records) == 20
    assert 0.1 < np.mean([record.visible.mean() for record in records]) < 0.95
    for record in records:
        eyes, mouth = record.points[36:48].mean(axis=0), record.points[48:68].mean(axis=0)
        assert record.points[36:42, 0].mean() < record.points[42:48, 0].mean()
        assert eyes[1] < mouth[1]
