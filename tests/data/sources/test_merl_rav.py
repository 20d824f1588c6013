import os
import shutil

import numpy as np
import pytest

from data.sources.written import merl_rav
from data.sources.written.made import make, save
from facealign.config import Settings, UserError
from facealign.data.record import BadSample
from facealign.data.sources.merl_rav import MerlRav, decode


def _open(root):
    return MerlRav(root, "ibug68", Settings(), 0)


@pytest.fixture
def root(tmp_path):
    merl_rav.write(tmp_path, 10)
    return tmp_path


def test_faces_come_back(root):
    source = _open(root)
    samples = list(source.samples())
    assert len(samples) == 10
    assert [(s.id, s.fold, s.subset, s.photo) for s in samples[2:6]] == [
        ("left/testset/image00000_2", "test", "profile", "image00000"),
        ("left/trainset/image00001_2", "train", "profile", "image00001"),
        ("lefthalf/testset/image00002_1", "test", "half-profile", "image00002"),
        ("lefthalf/trainset/image00003_1", "train", "half-profile", "image00003"),
    ]
    for sample in samples:
        photo, number_in_photo = (int(part) for part in sample.id.split("image")[1].split("_"))
        number = photo // 2 * 4 + photo % 2 + 2 * (number_in_photo - 1)
        face, record = make(number, 68), source.load(sample)
        known = np.arange(68) != 16
        np.testing.assert_allclose(record.points[known], face.points[known], atol=1e-9)
        np.testing.assert_array_equal(record.visible[known], ~face.hidden[known])
        assert np.isnan(record.points[16]).all()
        assert not record.visible[16]


@pytest.mark.parametrize(
    ("written", "points", "visible"),
    [
        ((5, 7), (4, 6), True),
        ((-5, -7), (4, 6), False),
        ((-1, -1), (np.nan, np.nan), False),
        ((-1, -2), (0, 1), False),
        ((0, 3), (-1, 2), True),
        ((-0.0, -3), (-1, 2), False),
        ((-5, 7), (np.nan, np.nan), False),
    ],
)
def test_what_signs_mean(written, points, visible):
    points_12, visible_1 = decode(np.array([written], dtype=float))
    np.testing.assert_array_equal(points_12, [points])
    assert visible_1.tolist() == [visible]


def test_lonely_files_do_not_load(root):
    os.remove(root / "frontal/testset/image00000_1.jpg")
    os.remove(root / "frontal/trainset/image00001_1.pts")
    source = _open(root)
    first, second, *_ = source.samples()
    with pytest.raises(BadSample, match=r"image00000_1\.pts: one image of the same name belongs beside it"):
        source.load(first)
    with pytest.raises(BadSample, match=r"image00001_1\.jpg: a \.pts of the same name belongs beside it"):
        source.load(second)


def test_a_name_that_is_not_text(root):
    shutil.copy(root / "frontal/testset/image00000_1.pts", os.fsencode(root / "frontal/testset") + b"/\xff.pts")
    source = _open(root)
    with pytest.raises(UserError, match="is not UTF-8; rename the file"):
        list(source.samples())


def test_labels_alone_are_refused(tmp_path):
    (tmp_path / "frontal/testset/labels").mkdir(parents=True)
    with pytest.raises(UserError, match=r"found frontal; MERL-RAV is images and \.pts files in frontal/testset"):
        list(_open(tmp_path).samples())


@pytest.mark.real
def test_published_labels(real_data, tmp_path):
    """Published label files, beside made-up images."""
    labels = sorted((real_data / "samples/MERL-RAV_labels_only").rglob("*.pts"))
    for path in labels:
        folder = tmp_path / path.parent.parent.relative_to(real_data / "samples/MERL-RAV_labels_only")
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, folder)
        save(folder / f"{path.stem}.jpg", make(0, 68))
    source = _open(tmp_path)
    samples = list(source.samples())
    assert len(samples) == len(labels) == 23
    unknown = {"frontal": [], "half-profile": [], "profile": []}
    for sample in samples:
        record = source.load(sample)
        unknown[sample.subset].append(np.isnan(record.points).any(axis=1).mean())
        assert np.nanmin(record.points) > 0
    # The more a head is turned, the more of it the face itself hides.
    assert np.mean(unknown["frontal"]) < 0.05 < np.mean(unknown["half-profile"]) < np.mean(unknown["profile"])
