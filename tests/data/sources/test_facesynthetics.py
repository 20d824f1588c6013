import numpy as np
import pytest

from data.sources.written import facesynthetics as written
from facealign.data.record import BadSample
from facealign.data.sources.facesynthetics import FaceSynthetics
from facealign.data.synthetic import draw_face
from facealign.geometry import load_schema


def _source(root, schema="ibug70", first_test=90_000):
    return FaceSynthetics(root, schema, FaceSynthetics.Config(first_test=first_test), 0)


@pytest.fixture
def root(tmp_path):
    written.write(tmp_path / "dataset_100")
    return tmp_path / "dataset_100"


def test_folds_are_cut_by_number(root):
    assert [(s.id, s.fold) for s in _source(root, first_test=200).samples()] == [
        ("000000", "train"),
        ("000001", "train"),
        ("000200", "test"),
        ("000201", "test"),
    ]
    assert {s.fold for s in _source(root).samples()} == {"train"}


@pytest.mark.parametrize("schema", ["ibug68", "ibug70"])
def test_coordinates_move_to_the_center_of_the_pixel(root, schema):
    source = _source(root, schema)
    points = written.points_70(draw_face(0, 0, "ibug68", 64).points)
    record = source.load(next(source.samples()))
    np.testing.assert_allclose(record.points, points[: load_schema(schema).size], atol=6e-4)


@pytest.mark.parametrize(
    ("lost", "message"),
    [
        ("000000.png", r"^000000_ldmks\.txt: 000000\.png belongs beside it"),
        ("000000_ldmks.txt", r"^000000\.png: 000000_ldmks\.txt belongs beside it"),
    ],
)
def test_lonely_files_show_on_loading(root, lost, message):
    (root / lost).unlink()
    source = _source(root)
    with pytest.raises(BadSample, match=message):
        source.load(next(source.samples()))


def test_other_numbers_of_points_are_refused(root):
    path = root / "000000_ldmks.txt"
    path.write_text(path.read_text(encoding="ascii").rpartition("\n")[0].rpartition("\n")[0], encoding="ascii")
    source = _source(root, "ibug68")
    with pytest.raises(BadSample, match=r"^000000_ldmks\.txt: holds 69 points, ibug70 has 70"):
        source.load(next(source.samples()))


@pytest.mark.real
def test_real_faces(real_data):
    """Pupils lie in or at their eyes, and where they are the eye is dark."""
    source = _source(real_data / "FaceSynthetics/dataset_100")
    samples = list(source.samples())
    assert len(samples) == 15
    darker = 0
    for sample in samples:
        record = source.load(sample)
        assert record.image.shape == (512, 512, 3)
        for pupil, eye in ((68, slice(36, 42)), (69, slice(42, 48))):
            low, high = record.points[eye].min(axis=0) - 4, record.points[eye].max(axis=0) + 4
            assert (low < record.points[pupil]).all()
            assert (record.points[pupil] < high).all()
            darker += _gray(record.image, record.points[pupil] - 1, record.points[pupil] + 1) < _gray(
                record.image, low, high
            )
    assert darker >= 24  # of 30; the others are behind the nose


def _gray(image, low, high):
    (x0, y0), (x1, y1) = low.round().astype(int), high.round().astype(int)
    return image[y0 : y1 + 1, x0 : x1 + 1].mean()
