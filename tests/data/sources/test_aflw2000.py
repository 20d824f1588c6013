import numpy as np
import pytest
from scipy.io import loadmat, savemat

from data.sources.written import aflw2000 as written
from facealign.data.record import BadSample
from facealign.data.sources.aflw2000 import Aflw2000, yaw_attributes
from facealign.data.synthetic import draw_face


def _source(root):
    return Aflw2000(root, "ibug68", Aflw2000.Config(), 0)


@pytest.fixture
def root(tmp_path):
    written.write(tmp_path / "AFLW2000")
    return tmp_path


@pytest.mark.parametrize("below", ["", "AFLW2000"])
def test_faces_are_read(root, below):
    source = _source(root / below)
    samples = list(source.samples())
    assert [sample.id for sample in samples] == [f"image{number:05d}" for number in range(4)]
    for number, sample in enumerate(samples):
        record = source.load(sample)
        np.testing.assert_allclose(record.points, draw_face(0, number, "ibug68", 64).points, atol=1e-4)
        assert record.box is None
        assert [i for i in range(68) if not record.visible[i]] == ([] if number % 2 == 0 else [36])


def test_yaw_becomes_attributes(root):
    source = _source(root)
    bins = [[name for name, is_in in source.load(s).attributes.items() if is_in] for s in source.samples()]
    assert bins == [["yaw 60-90"], ["yaw 0-30"], ["yaw 0-30"], ["yaw 30-60"]]


@pytest.mark.parametrize("yaw", [-95, -60.1, -60, -30, -0.0, 0, 29.9, 30, 30.1, 60, 90, 120])
def test_every_angle_is_in_one_bin(yaw):
    assert sum(yaw_attributes(yaw).values()) == 1
    assert yaw_attributes(yaw) == yaw_attributes(-yaw)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pt3d_68": np.zeros((2, 68))}, "pt3d_68 is 2 × 68, it should be 3 × 68"),
        ({"pt3d_68": np.full((3, 68), np.inf)}, "pt3d_68 holds a coordinate that is not finite"),
        ({"Pose_Para": np.full((1, 7), np.nan)}, "Pose_Para has a yaw of nan"),
        ({"pt3d_68": None}, "has no variable pt3d_68"),
    ],
)
def test_damaged_annotations_are_refused(root, changes, message):
    variables = {**written.variables(np.zeros((68, 2)), 0.0, True), **changes}
    path = root / "AFLW2000/image00000.mat"
    savemat(path, {name: value for name, value in variables.items() if value is not None})
    source = _source(root)
    with pytest.raises(BadSample, match=r"^AFLW2000/image00000\.mat: " + message):
        source.load(next(source.samples()))


def test_unknown_landmarks_of_aflw_hide_nothing(root):
    variables = written.variables(np.zeros((68, 2)), 0.0, True)
    savemat(root / "AFLW2000/image00000.mat", {**variables, "pt2d": np.full((2, 23), -1.0)})
    source = _source(root)
    assert source.load(next(source.samples())).visible.all()


@pytest.mark.real
def test_real_faces(real_data):
    """SciPy reads the same numbers, and the clicked landmarks of AFLW lie by their counterparts."""
    folder = real_data / "AFLW2000-3D"
    source = _source(folder)
    samples = list(source.samples())
    assert len(samples) == 200
    for sample in samples[::10]:
        record = source.load(sample)
        mat = loadmat(folder / f"{sample.id}.mat")
        np.testing.assert_array_equal(record.points, mat["pt3d_68"][:2].T.astype(np.float64) - 1)
        assert record.image.shape == (450, 450, 3)
        if mat["pt2d"].shape == (2, 21):
            clicked = mat["pt2d"].T - 1
            face = np.linalg.norm(np.ptp(record.points, axis=0))
            for aflw, ibug in ((6, 36), (11, 45), (14, 30), (17, 48), (19, 54)):
                assert record.visible[ibug] == (clicked[aflw] != -2).all()
                if record.visible[ibug]:
                    assert np.linalg.norm(record.points[ibug] - clicked[aflw]) < 0.12 * face
