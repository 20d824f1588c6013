import numpy as np
import pytest

from data.sources.written import wflw
from data.sources.written.made import make, save
from facealign.config import Settings, UserError
from facealign.data.config import DataConfig
from facealign.data.preparing.cropping import cut_face
from facealign.data.record import WFLW_ATTRIBUTES, BadSample
from facealign.data.shards.settings import ShardSettings
from facealign.data.sources.wflw import WFLW
from facealign.geometry import CropSettings, load_schema

LIST = f"{wflw.FOLDER}/list_98pt_rect_attr_test.txt"


def _open(root):
    return WFLW(root, "wflw98", Settings(), 0)


@pytest.fixture
def root(tmp_path):
    wflw.write(tmp_path, 8)
    return tmp_path


def _first(root):
    return next(_open(root).samples())


def test_faces_come_back(root):
    source = _open(root)
    samples = list(source.samples())
    assert [(s.id, s.fold, s.photo, s.row) for s in samples[:3]] == [
        ("test/0--test/0_test_0.jpg/1", "test", "0--test/0_test_0.jpg", 1),
        ("test/0--test/0_test_0.jpg/2", "test", "0--test/0_test_0.jpg", 2),
        ("test/0--test/0_test_1.jpg/1", "test", "0--test/0_test_1.jpg", 3),
    ]
    for sample in samples:
        face = make(2 * sample.row - (2 if sample.fold == "test" else 1), 98)
        record = source.load(sample)
        np.testing.assert_allclose(record.points, face.points)
        np.testing.assert_array_equal(record.box, face.box)
        np.testing.assert_array_equal(record.image, make(0, 98).image)
        assert record.visible.all()
        assert list(record.attributes.items()) == [
            (name, bool(value)) for name, value in zip(WFLW_ATTRIBUTES, wflw.ATTRIBUTES, strict=True)
        ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda row: " ".join(row.split()[1:]), ":1: holds 206 fields, a row of WFLW has 207"),
        (lambda row: " ".join(row.split()[10:]), ":1: holds 197 fields, a row of WFLW has 207; rows of 197 are"),
        (lambda row: row.replace(row.split()[3], "nan", 1), ":1: found 'nan': a coordinate must be finite"),
        (lambda row: row.replace(row.split()[3], "1e999", 1), ":1: found '1e999': a coordinate must be finite"),
        (lambda row: row.replace(row.split()[3], "x9", 1), "convert string to float: 'x9'; a number"),
        (lambda row: row.replace(" 0 1 0 0 1 0 ", " 0 1 0 0 1 2 "), ":1: found the attributes '0 1 0 0 1 2'"),
        (lambda row: row.replace("0--test/", "../"), "../0_test_0.jpg: a file is named"),
        (lambda row: row.replace("0--test/", "/etc/"), "found|cannot be read"),
        (lambda row: row.replace("0--test/", "0--test\\"), ":1: found the file name '0--test"),
        (lambda row: row.replace("0--test/", "0--test/\x00"), ":1: found the file name '0--test/.x00"),
        (lambda row: row.replace("0--test/", "0--test/\udcff"), ":1: found the file name '0--test/..xff"),
        (lambda row: row.replace("0_test_0", "absent"), "absent.jpg: cannot be read: No such file"),
    ],
)  # fmt: skip
def test_a_bad_row_is_a_sample_that_does_not_load(root, change, message):
    rows = (root / LIST).read_text(encoding="utf-8").splitlines()
    broken = "\r\n".join([change(rows[0]), *rows[1:]])
    (root / LIST).write_bytes(broken.encode(errors="surrogateescape"))
    source = _open(root)
    samples = [sample for sample in source.samples() if sample.fold == "test"]
    assert len(samples) == len(rows)
    (bad,) = (sample for sample in samples if sample.row == 1)
    with pytest.raises(BadSample, match=message):
        source.load(bad)
    for sample in samples:
        if sample.row != 1:
            source.load(sample)


@pytest.mark.parametrize(
    "row", ["1 2 3", "a \udcff\udcfe", "\x00\x01\x02", "0 " * 206 + "\x00", "🙂 " * 206 + "\\"]
)
def test_rubbish_costs_its_row_alone(root, row):
    (root / LIST).write_bytes(row.encode(errors="surrogateescape"))
    source = _open(root)
    sample = next(source.samples())
    assert sample.id == "test/line 00001"
    source.fingerprint(sample)
    with pytest.raises(BadSample, match=r"list_98pt_rect_attr_test\.txt:1: "):
        source.load(sample)


@pytest.mark.parametrize(
    ("name", "box"),
    [
        ("12--Group/12_Group_Group_12_Group_Group_12_839.jpg", (710, 58, 948, 370)),
        ("28--Sports_Fan/28_Sports_Fan_Sports_Fan_28_959.jpg", (496, 50, 956, 706)),
    ],
)
def test_the_two_wrong_rectangles_are_dropped(root, name, box):
    """The same image with another rectangle keeps it."""
    face = make(0, 98)
    rows = [wflw.line(face._replace(box=np.array(b)), name) for b in (box, (1, 2, 30, 31))]
    (root / LIST).write_text("\n".join(rows), encoding="utf-8")
    save(root / "WFLW_images" / name, face)
    source = _open(root)
    wrong, right = (sample for sample in source.samples() if sample.fold == "test")
    assert source.load(wrong).box is None
    np.testing.assert_array_equal(source.load(right).box, (1, 2, 30, 31))
    settings = (load_schema("wflw98"), CropSettings(size=32, box="provided"), ShardSettings())
    with pytest.raises(BadSample, match=r"no box for it; set data\.crop\.box to `landmarks`"):
        cut_face(wrong, source.load(wrong), *settings)


def test_other_folders(tmp_path):
    (tmp_path / "afw").mkdir()
    with pytest.raises(UserError, match=r"found afw; WFLW has the folders WFLW_images and WFLW_annotations/list"):
        list(_open(tmp_path).samples())


def test_one_list_alone_is_one_fold(root):
    (root / LIST).unlink()
    assert {sample.fold for sample in _open(root).samples()} == {"train"}


@pytest.mark.real
def test_real_faces(real_data):
    source = DataConfig(source="wflw", landmarks="wflw98", root=str(real_data / "WFLW")).open_source()
    samples = list(source.samples())
    assert len(samples) == len({sample.id for sample in samples}) == 149
    assert len({sample.photo for sample in samples}) == 130
    assert sum(sample.fold == "test" for sample in samples) == 39
    on_test = dict.fromkeys(WFLW_ATTRIBUTES, 0)
    inside = []
    for sample in samples:
        record = source.load(sample)
        for name, value in record.attributes.items():
            on_test[name] += value and sample.fold == "test"
        x0, y0, x1, y1 = record.box
        x, y = record.points.mean(axis=0)
        inside.append(x0 < x < x1 and y0 < y < y1)
    # As many as the six lists of the test subsets have.
    assert on_test == {"pose": 4, "expression": 5, "illumination": 21, "make-up": 7, "occlusion": 8, "blur": 12}
    assert all(inside)
