import numpy as np
import pytest
from scipy.io import savemat

from data.sources.written import w300_lp as written
from facealign.config import UserError
from facealign.data.record import BadSample
from facealign.data.sources.w300_lp import W300Lp, photo_of_view
from facealign.data.synthetic import draw_face


def _source(root, **options):
    return W300Lp(root, "ibug68", W300Lp.Config(**options), 0)


@pytest.fixture
def root(tmp_path):
    written.write(tmp_path / "300W_LP")
    return tmp_path


def test_views_of_a_photo_share_it_and_mirrored_copies_are_left_out(root):
    found = [(s.id, s.fold, s.subset, s.photo) for s in _source(root).samples()]
    assert found == [
        ("AFW/AFW_0_1_0", "train", "afw", "AFW_0"),
        ("AFW/AFW_0_1_1", "train", "afw", "AFW_0"),
        ("IBUG/IBUG_image_000_1_0", "train", "ibug", "IBUG_image_000"),
        ("IBUG/IBUG_image_001_1_0", "train", "ibug", "IBUG_image_001"),
    ]
    held_out = [s.fold for s in _source(root / "300W_LP", test=("IBUG",)).samples()]
    assert held_out == ["train", "train", "test", "test"]


@pytest.mark.parametrize(
    ("stem", "photo"),
    [
        ("AFW_134212_2_11", "AFW_134212"),
        ("HELEN_100032540_1_4", "HELEN_100032540"),
        ("LFPW_image_train_0001_7", "LFPW_image_train_0001"),
        ("IBUG_image_003_1_0", "IBUG_image_003"),
    ],
)
def test_photo_of_view(stem, photo):
    assert photo_of_view(stem) == photo


@pytest.mark.parametrize(("points", "right"), [("2d", 0), ("3d", 2)])
def test_the_landmarks_asked_for_become_zero_based(root, points, right):
    source = _source(root, points=points)
    for number, sample in enumerate(list(source.samples())[:2]):
        drawn = draw_face(0, number, "ibug68", 64).points
        np.testing.assert_allclose(source.load(sample).points, drawn + np.array([right, 0]), atol=1e-9)


def test_missing_landmarks_show_on_loading(root):
    source = _source(root)
    sample = next(source.samples())
    name = "300W_LP/landmarks/AFW/AFW_0_1_0_pts.mat"
    savemat(root / name, {"pts_2d": np.full((68, 2), np.nan)})
    with pytest.raises(BadSample, match=f"^{name}: pts_2d holds a coordinate that is not finite"):
        source.load(sample)
    (root / name).unlink()
    with pytest.raises(BadSample, match=f"^{name}: cannot be read: No such file"):
        source.load(sample)


def test_without_the_folder_of_landmarks_nothing_is_listed(tmp_path):
    (tmp_path / "HELEN").mkdir()
    with pytest.raises(UserError, match=r"found HELEN; 300W-LP has a folder `landmarks`"):
        list(_source(tmp_path).samples())
