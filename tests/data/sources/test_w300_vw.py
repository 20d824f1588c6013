import shutil

import numpy as np
import pytest

from data.sources.written import w300_vw as written
from facealign.config import UserError, digest_file
from facealign.data.record import BadSample
from facealign.data.sources import w300_vw
from facealign.data.sources.w300_vw import VIDEOS, W300Vw
from facealign.data.synthetic import draw_face


def _source(root, every=1):
    return W300Vw(root, "ibug68", W300Vw.Config(every=every), 0)


@pytest.fixture
def root(tmp_path):
    written.write(tmp_path / "root", faces=5)
    return tmp_path / "root"


def test_the_official_lists_are_whole():
    counts = {part: list(VIDEOS.values()).count(part) for part in set(VIDEOS.values())}
    assert counts == {
        ("train", "train"): 50,
        ("test", "category-a"): 31,
        ("test", "category-b"): 19,
        ("test", "category-c"): 14,
    }


def test_frames_come_from_video_and_from_pictures(root):
    source = _source(root)
    samples = list(source.samples())
    assert [(s.id, s.fold, s.subset, s.photo) for s in samples[4:6]] == [
        ("001/000005", "train", "train", "001"),
        ("410/000001", "test", "category-c", "410"),
    ]
    for sample in samples:
        record = source.load(sample)
        drawn = draw_face(0, sample.row - 1, "ibug68", 64)
        np.testing.assert_allclose(record.points, drawn.points, atol=1e-5)
        # Compression costs some gray levels; another frame would cost tens.
        assert np.abs(record.image.astype(float) - drawn.image).mean() < 8


def test_every_nth_frame(root):
    assert [s.row for s in _source(root, every=2).samples()] == [1, 3, 5, 1, 3, 5]
    assert [s.row for s in _source(root, every=10).samples()] == [1, 1]


def test_a_short_video_costs_its_missing_frames(root):
    shutil.copy(root / "001/annot/000005.pts", root / "001/annot/000007.pts")
    source = _source(root)
    samples = {sample.id: sample for sample in source.samples()}
    with pytest.raises(BadSample, match=r"^001/vid\.avi: ends after 5 frames, and frame 7 is annotated"):
        source.load(samples["001/000007"])
    assert source.load(samples["001/000005"]).image.shape == (64, 64, 3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"#EXTM3U\nhttp://example.org/a.ts\n", "is not an AVI video"),
        (b"", "is not an AVI video"),
        (b"RIFF\x00\x00\x00\x00AVI LIST", "cannot be decoded as video"),
    ],
)
def test_what_is_no_video_is_refused(root, content, message):
    (root / "001/vid.avi").write_bytes(content)
    source = _source(root)
    with pytest.raises(BadSample, match=r"^001/vid\.avi: " + message):
        source.load(next(source.samples()))


def test_frames_without_a_picture_or_a_number_show_on_loading(root):
    (root / "410/imgs/000002.jpg").unlink()
    shutil.copy(root / "001/annot/000005.pts", root / "001/annot/last.pts")
    source = _source(root)
    samples = {sample.id: sample for sample in source.samples()}
    with pytest.raises(BadSample, match=r"^410/annot/000002\.pts: one image of the same name"):
        source.load(samples["410/000002"])
    with pytest.raises(BadSample, match=r"^001/annot/last\.pts: is not named by the number of its frame"):
        source.load(samples["001/last"])


def test_other_folders_with_annotations_are_refused(root):
    (root / "999/annot").mkdir(parents=True)
    with pytest.raises(UserError, match=r"999: 300-VW has no video of that name"):
        list(_source(root).samples())


def test_a_video_is_digested_once(root, monkeypatch):
    digested = []
    monkeypatch.setattr(w300_vw, "digest_file", lambda path: digested.append(path.name) or digest_file(path))
    source = _source(root)
    in_video = [sample for sample in source.samples() if sample.photo == "001"]
    assert len({source.fingerprint(sample) for sample in in_video}) == 5
    assert digested.count("vid.avi") == 1
    (root / "001/vid.avi").write_bytes(b"another")
    before = source.fingerprint(in_video[0])
    (root / "001/annot/000001.pts").write_bytes(b"another")
    assert source.fingerprint(in_video[0]) != before


@pytest.mark.real
def test_real_frames(real_data):
    """Four frames of two videos, with the lists' folds."""
    root = real_data / "samples/mmpose_tests_data/300vw"
    source = _source(root)
    samples = list(source.samples())
    assert [(s.id, s.fold, s.subset) for s in samples] == [
        ("001/000006", "train", "train"),
        ("001/000009", "train", "train"),
        ("401/000731", "test", "category-a"),
        ("401/000732", "test", "category-a"),
    ]
    for sample in samples:
        record = source.load(sample)
        height, width = record.image.shape[:2]
        assert (record.points > 0).all()
        assert (record.points < [width, height]).all()
