import numpy as np
import pytest
from PIL import Image

from facealign.config import UserError
from facealign.data.record import BadSample
from facealign.data.sources.w300 import W300, photo_key

POINTS = np.random.default_rng(0).uniform(1, 30, (68, 2)).round(3)


def _source(root, split="full"):
    return W300(root, "ibug68", W300.Config(split=split), 0)


def _put(root, stem, picture=".jpg", annotation=True):
    path = root / stem
    path.parent.mkdir(parents=True, exist_ok=True)
    if picture:
        kind = {".png": "PNG"}.get(picture.lower(), "JPEG")
        Image.new("RGB", (40, 30)).save(str(path) + picture, kind)
    if annotation:
        lines = "\n".join(f"{x} {y}" for x, y in POINTS)
        (root / f"{stem}.pts").write_text(f"version: 1\nn_points: 68\n{{\n{lines}\n}}\n", encoding="ascii")


@pytest.fixture
def root(tmp_path):
    for stem, picture in {
        "lfpw/trainset/image_0002": ".png",
        "afw/134212_1": ".jpg",
        "afw/134212_2": ".JPG",
        "ibug/image_003_1": ".jpeg",
        "helen/testset/30427236_1": ".jpg",
    }.items():
        _put(tmp_path, stem, picture)
    (tmp_path / "afw" / "readme.txt").write_text("not a face", encoding="ascii")
    return tmp_path


def test_folds_subsets_and_photos(root):
    found = [(s.id, s.fold, s.subset, s.photo) for s in _source(root).samples()]
    assert found == [
        ("afw/134212_1", "train", "afw", "afw/134212"),
        ("afw/134212_2", "train", "afw", "afw/134212"),
        ("helen/testset/30427236_1", "test", "common", "helen/testset/30427236"),
        ("ibug/image_003_1", "test", "challenging", "ibug/image_003"),
        ("lfpw/trainset/image_0002", "train", "lfpw", "lfpw/trainset/image_0002"),
    ]


@pytest.mark.parametrize("below", ["", "300W/"])
def test_the_private_split_trains_on_all_and_tests_on_the_challenges_own(root, below):
    _put(root, f"{below}01_Indoor/indoor_001", ".png")
    _put(root, f"{below}02_Outdoor/outdoor_001", ".png")
    found = [(s.id, s.fold, s.subset, s.files[0]) for s in _source(root, "private").samples()]
    assert found == [
        ("300W/01_Indoor/indoor_001", "test", "indoor", f"{below}01_Indoor/indoor_001.png"),
        ("300W/02_Outdoor/outdoor_001", "test", "outdoor", f"{below}02_Outdoor/outdoor_001.png"),
        ("afw/134212_1", "train", "afw", "afw/134212_1.jpg"),
        ("afw/134212_2", "train", "afw", "afw/134212_2.JPG"),
        ("helen/testset/30427236_1", "train", "helen", "helen/testset/30427236_1.jpg"),
        ("ibug/image_003_1", "train", "ibug", "ibug/image_003_1.jpeg"),
        ("lfpw/trainset/image_0002", "train", "lfpw", "lfpw/trainset/image_0002.png"),
    ]
    assert "indoor" not in {s.subset for s in _source(root).samples()}


@pytest.mark.parametrize(
    ("stem", "key"),
    [
        ("afw/134212_12", "afw/134212"),
        ("afw/134212_1_mirror", "afw/134212"),
        ("lfpw/trainset/image_0001", "lfpw/trainset/image_0001"),
        ("lfpw/trainset/image_0001_mirror", "lfpw/trainset/image_0001"),
    ],
)
def test_photo_key(stem, key):
    assert photo_key(stem) == key


def test_points_become_zero_based(root):
    source = _source(root)
    for sample in source.samples():
        record = source.load(sample)
        np.testing.assert_allclose(record.points, POINTS - 1, atol=1e-12)
        assert record.image.shape == (30, 40, 3)
        assert record.visible.all()


@pytest.mark.parametrize(
    ("stem", "picture", "annotation", "message"),
    [
        ("afw/7_1", ".jpg", False, "afw/7_1.jpg: a .pts of the same name belongs beside it; found none"),
        ("afw/7_1", None, True, "afw/7_1.pts: one image of the same name belongs beside it; found none"),
    ],
)
def test_lonely_files_are_samples_that_do_not_load(root, stem, picture, annotation, message):
    _put(root, stem, picture, annotation)
    (sample,) = (sample for sample in _source(root).samples() if sample.id == stem)
    with pytest.raises(BadSample) as caught:
        _source(root).load(sample)
    assert str(caught.value) == message


def test_two_pictures_for_one_annotation_are_refused(root):
    _put(root, "afw/134212_1", ".png")
    sample = next(_source(root).samples())
    with pytest.raises(BadSample, match=r"found afw/134212_1.jpg, afw/134212_1.png"):
        _source(root).load(sample)


def test_folders_that_are_not_300w(tmp_path):
    with pytest.raises(UserError, match=r"data.root is not set"):
        list(_source(None).samples())
    with pytest.raises(UserError, match="nowhere: no such folder"):
        list(_source(tmp_path / "nowhere").samples())
    with pytest.raises(UserError, match=r"found nothing; 300-W has the folders afw, helen/testset"):
        list(_source(tmp_path).samples())
    (tmp_path / "300W").mkdir()
    with pytest.raises(UserError, match="found 300W; 300-W has the folders"):
        list(_source(tmp_path).samples())
    (tmp_path / "afw").mkdir()
    with pytest.raises(UserError, match=r"afw hold no image and no \.pts"):
        list(_source(tmp_path).samples())


def test_fingerprints_follow_the_content(root):
    source = _source(root)
    before = [source.fingerprint(sample) for sample in source.samples()]
    assert len(set(before)) == len(before)
    Image.new("RGB", (41, 30)).save(root / "afw/134212_1.jpg")
    after = [source.fingerprint(sample) for sample in source.samples()]
    assert [a == b for a, b in zip(before, after, strict=True)] == [False, True, True, True, True]


@pytest.mark.real
def test_real_faces(real_data):
    """Landmarks of iBUG lie within their photos, and mirrored eyes are where the eyes are."""
    source = _source(real_data / "300W")
    samples = list(source.samples())
    counts = {
        key: [(s.fold, s.subset) for s in samples].count(key) for key in {(s.fold, s.subset) for s in samples}
    }
    assert counts == {("train", "afw"): 46, ("train", "helen"): 130, ("train", "lfpw"): 5, ("test", "common"): 40}
    for sample in samples[::20]:
        record = source.load(sample)
        height, width = record.image.shape[:2]
        assert (record.points[17:] > 0).all()
        assert (record.points[17:] < [width, height]).all()
        right, left = record.points[36:42].mean(axis=0), record.points[42:48].mean(axis=0)
        assert right[0] < left[0]
