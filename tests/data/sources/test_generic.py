"""The three formats whose landmarks may be any schema: csv, coco, hrnet_csv."""

import csv as standard_csv
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.sources.written import coco, csv, hrnet_csv
from data.sources.written.drawn_faces import put_faces
from facealign.config import UserError
from facealign.data.config import DataConfig
from facealign.data.record import BadSample
from facealign.geometry import load_schema

WRITERS = {"csv": csv, "coco": coco, "hrnet_csv": hrnet_csv}
FACES = 4


def _open(root, name, landmarks=None, **options):
    landmarks = landmarks or WRITERS[name].LANDMARKS
    return DataConfig.model_validate(
        {"source": name, "root": str(root), "landmarks": landmarks, name: options}
    ).open_source()


def _drawn(tmp_path, name):
    return {face.name: face for face in put_faces(tmp_path / "again", FACES, WRITERS[name].LANDMARKS)}


@pytest.fixture(params=WRITERS)
def written(request, tmp_path):
    WRITERS[request.param].write(tmp_path / "set", FACES)
    return request.param, tmp_path / "set"


def test_what_was_written_comes_back(written, tmp_path):
    name, root = written
    source, drawn = _open(root, name), _drawn(tmp_path, name)
    samples = list(source.samples())
    assert len(samples) == FACES + 2 * (name == "coco")
    folds = {}
    for sample in samples:
        record = source.load(sample)
        (key,) = (key for key in drawn if sample.files[0].endswith(key))
        known = drawn[key].points[: len(record.points) - (name != "hrnet_csv")]
        np.testing.assert_allclose(record.points[: len(known)], known, atol=1e-3)
        assert np.isnan(record.points[len(known) :]).all()
        if name != "hrnet_csv":
            np.testing.assert_array_equal(record.visible[:-1], drawn[key].visible[:-1])
            assert not record.visible[-1]
        folds.setdefault(key, set()).add(sample.fold)
    assert {key: set(fold) for key, fold in folds.items()} == {
        key: {"train" if int(Path(key).stem) % 2 else "test"} for key in drawn
    }


def test_boxes_squares_subsets_and_attributes(written, tmp_path):
    name, root = written
    source, drawn = _open(root, name), _drawn(tmp_path, name)
    for sample in source.samples():
        record = source.load(sample)
        face = next(face for key, face in drawn.items() if sample.files[0].endswith(key))
        low, high = face.points.min(axis=0), face.points.max(axis=0)
        if name == "csv":
            np.testing.assert_array_equal(record.box, [*np.floor(low), *np.ceil(high)])
            assert record.attributes == {"blur": True}
            assert sample.subset == "drawn"
        if name == "coco":
            np.testing.assert_allclose(record.box, [*low, *high], atol=1e-9)
        if name != "csv":
            np.testing.assert_allclose(record.square, [*(low + high) / 2, (high - low).max()], rtol=1e-4)


def test_counting_from_one_moves_everything_but_the_side(written):
    name, root = written
    zero, one = (_open(root, name, origin=origin) for origin in ("zero", "one"))
    for sample in zero.samples():
        a, b = zero.load(sample), one.load(sample)
        np.testing.assert_allclose(a.points - b.points, np.where(np.isnan(a.points), np.nan, 1.0))
        if a.box is not None:
            np.testing.assert_allclose(a.box - b.box, 1)
        if a.square is not None:
            np.testing.assert_allclose(a.square - b.square, [1, 1, 0])


def test_a_schema_of_ones_own(tmp_path):
    (tmp_path / "two.yaml").write_text("name: two\nsize: 2\nflip: [1, 0]\n", encoding="utf-8")
    (face,) = put_faces(tmp_path, 1, "ibug68")
    (tmp_path / "train.csv").write_text(f"image,x_0,y_0,x_1,y_1\n{face.name},1,2,3,4\n", encoding="utf-8")
    source = _open(tmp_path, "csv", str(tmp_path / "two.yaml"), test=[])
    (sample,) = source.samples()
    np.testing.assert_array_equal(source.load(sample).points, [[1, 2], [3, 4]])


@pytest.mark.parametrize(
    ("landmarks", "message"),
    [
        ("ibug69", r"unknown schema 'ibug69'; known are .*ibug68.*YAML"),
        ("none.yaml", "none.yaml: no such file"),
        ("wflw98", r"68.*wflw98.*98.*data.landmarks"),
        ("aflw19", r"68.*aflw19.*19.*data.landmarks"),
    ],
)
@pytest.mark.parametrize("name", ["csv", "coco"])
def test_landmarks_that_are_not_the_data_sets(tmp_path, name, landmarks, message):
    WRITERS[name].write(tmp_path)
    with pytest.raises(UserError if "98" in message or "19" in message else ValueError, match=message):
        list(_open(tmp_path, name, landmarks).samples())


def test_hrnet_tables_name_their_schema(tmp_path):
    hrnet_csv.write(tmp_path)
    with pytest.raises(UserError, match=r"has 98 landmarks.*; ibug68 has 68"):
        list(_open(tmp_path, "hrnet_csv", "ibug68").samples())


def test_faces_of_one_photo_of_ibug_stay_together(tmp_path):
    face = put_faces(tmp_path, 1, "wflw98")[0]
    names = ("afw/134212_1.jpg", "afw/134212_2.jpg", "afw/134212_2_mirror.jpg", "lfpw/trainset/image_0001.png")
    rows = [hrnet_csv.line(face._replace(name=name)) for name in names]
    (tmp_path / "t.csv").write_text("\n".join([hrnet_csv.header(98), *rows]), encoding="utf-8")
    photos = [s.photo for s in _open(tmp_path, "hrnet_csv", train=["t.csv"], test=[]).samples()]
    assert photos == ["afw/134212"] * 3 + ["lfpw/trainset/image_0001"]


class TestBadRows:
    """A bad row costs itself alone, and says where it stands."""

    @pytest.fixture
    def put(self, tmp_path):
        (self.face,) = put_faces(tmp_path, 1, "ibug68")

        def write(*rows, head="image,x_0,y_0,x_1,y_1", **options):
            (tmp_path / "two.yaml").write_text("name: two\nsize: 2\nflip: [1, 0]\n", encoding="utf-8")
            data = [row if isinstance(row, bytes) else row.encode() for row in (head, *rows)]
            (tmp_path / "train.csv").write_bytes(b"\n".join(data) + b"\n")
            return _open(tmp_path, "csv", str(tmp_path / "two.yaml"), test=[], **options)

        return write

    @pytest.mark.parametrize(
        ("row", "message"),
        [
            ("a/000.png,1,2,3", "train.csv:2: has 4 cells, the first line names 5 columns"),
            ("a/000.png,1,2,3,4,5", "train.csv:2: has 6 cells"),
            ("a/000.png,1,2,3,four", "train.csv:2: a coordinate is 'four'"),
            ("a/000.png,1,2,3,inf", "train.csv:2: a coordinate is 'inf'"),
            ("a/000.png,1,2,3,", "train.csv:2: landmark 1 has one coordinate of two"),
            ("a/000.png,1,2,3,nan", "train.csv:2: landmark 1 has one coordinate of two"),
            (",1,2,3,4", "train.csv:2: names no image"),
            ("a/\x00.png,1,2,3,4", "train.csv:2: the image's name"),
            ("../000.png,1,2,3,4", r"\.\./000.png: a file is named by its path below"),
            ("/etc/passwd,1,2,3,4", "/etc/passwd: a file is named by its path below"),
            ("none.png,1,2,3,4", "none.png: cannot be read: No such file"),
            ("a,1,2,3,4", "a: is not a file"),
            (b"a/\xff.png,1,2,3,4", "train.csv:2: is not UTF-8 text"),
            ('"a/000.png,1,2,3,4', "train.csv:2: is not comma-separated text"),
            ("x" * 2000 + ",1,2,3,4", "too long"),
        ],
    )
    def test_each_kind(self, put, row, message):
        source = put(row, "", "a/000.png,1,2,3,4\r")
        bad, good = sorted(source.samples(), key=lambda sample: sample.row)
        assert good.row == 4
        np.testing.assert_array_equal(source.load(good).points, [[1, 2], [3, 4]])
        source_id = source.fingerprint if not bad.files else None
        assert source_id is None or len(source_id(bad)) == 64
        with pytest.raises(BadSample, match=message):
            source.load(bad)

    @pytest.mark.parametrize(
        ("more", "cell", "message"),
        [
            ("fold", "val", "fold is 'val'; train or test is needed"),
            ("attribute_blur", "maybe", "blur is 'maybe'; 1 or 0 is needed"),
            ("attribute_blur", "", "blur is ''; 1 or 0"),
            ("box_x0,box_y0,box_x1,box_y1", "1,2,3,", "box lacks a number"),
            ("box_x0,box_y0,box_x1,box_y1", "1,2,3,big", "box is 'big'"),
            ("visible_0,visible_1", "1,2", "visibility is '2'; 1 or 0"),
        ],
    )
    def test_further_columns(self, put, more, cell, message):
        source = put(f"a/000.png,1,2,3,4,{cell}", head=f"image,x_0,y_0,x_1,y_1,{more}")
        (bad,) = source.samples()
        with pytest.raises(BadSample, match=f"train.csv:2: {message}"):
            source.load(bad)

    def test_columns_in_any_order_and_a_fold_column(self, put):
        source = put(
            "4,a/000.png,test,1,2,3,yes,,p",
            "4,a/000.png,train,,,3,0,1,p",
            head="\ufeffy_1,image,fold,x_0,y_0,x_1,visible_1,visible_0,photo",
        )
        first, second = sorted(source.samples(), key=lambda sample: sample.row)
        assert (first.fold, second.fold, first.photo) == ("test", "train", "p")
        assert first.id != second.id
        np.testing.assert_array_equal(source.load(first).points, [[1, 2], [3, 4]])
        assert source.load(first).visible.all()
        np.testing.assert_array_equal(source.load(second).visible, [False, False])

    @pytest.mark.parametrize(
        ("head", "message"),
        [
            ("", "the file is empty"),
            ("image;x_0;y_0", "separated by ';'"),
            ("name,x_0,y_0,x_1,y_1", "has no column `image`"),
            ("image,x_0,y_0", r"has 1 columns x_k, two has 2 landmarks: x_0…x_1.*1 columns y_k"),
            ("image,x_0,y_0,x_1,y_1,x_2,y_2", "has 3 columns x_k, two has 2"),
            ("image,x_0,y_0,x_1,y_1,blur", "columns blur are unknown; yes/no labels are attribute_NAME"),
            ("image,x_0,y_0,x_1,y_1,x_1", "names columns twice: x_1"),
            ("image,x_0,y_0,x_1,y_1,box_x0", "a part of the columns box_x0"),
            ("image,x_0,y_0,x_1,y_1,visible_0", "has 1 columns visible_k"),
            (b"\xff\xd8\xff", "not UTF-8"),
        ],
    )
    def test_a_wrong_first_line_is_the_users_to_fix(self, put, head, message):
        rows = () if head == "" else ("a/000.png,1,2,3,4",)
        with pytest.raises(UserError, match=message):
            list(put(*rows, head=head).samples())

    def test_a_line_without_end_is_no_table(self, put):
        source = put("a/000.png," * 200_000)
        (bad,) = source.samples()
        with pytest.raises(BadSample, match="is longer than 1048576 bytes"):
            source.load(bad)


class TestBadJson:
    @pytest.fixture
    def put(self, tmp_path):
        faces = put_faces(tmp_path / "images", 2, "ibug68")
        (tmp_path / "annotations").mkdir()

        def write(change):
            tree = coco.tree(faces)
            changed = change(tree)
            data = changed if isinstance(changed, bytes) else json.dumps(tree).encode()
            (tmp_path / "annotations" / "train.json").write_bytes(data)
            return _open(tmp_path, "coco", test=[])

        return write

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda a: a.update(image_id=12345), "image_id is '12345'"),
            (lambda a: a.update(image_id=[1]), r"image_id is '\[1\]'"),
            (lambda a: a.pop("keypoints"), "keypoints are not a list"),
            (lambda a: a["keypoints"].pop(), "keypoints are not a list of x, y, v"),
            (lambda a: a.update(keypoints=a["keypoints"][:9]), "holds 3 landmarks, ibug68 has 68"),
            (lambda a: a["keypoints"].__setitem__(0, "left"), "a coordinate is 'left'"),
            (lambda a: a["keypoints"].__setitem__(0, float("inf")), "a coordinate is 'inf'"),
            (lambda a: a["keypoints"].__setitem__(0, 10**400), "a coordinate is"),
            (lambda a: a["keypoints"].__setitem__(0, [1]), r"a coordinate is '\[1\]'"),
            (lambda a: a["keypoints"].__setitem__(0, True), "a coordinate is 'True'"),
            (lambda a: a["keypoints"].__setitem__(0, None), "landmark 0 has one coordinate of two"),
            (lambda a: a["keypoints"].__setitem__(2, 3), "visibility is 'v = 3'"),
            (lambda a: a["keypoints"].__setitem__(2, {}), "visibility is 'v = {}'"),
            (lambda a: a.update(bbox=[1, 2, 3]), "box is 'not"),
            (lambda a: a.update(bbox=7), "box is 'not"),
            (lambda a: a.update(scale="big"), "square is 'not"),
            (lambda a: a.update(center=[]), "square is 'not"),
        ],
    )
    def test_a_bad_annotation_is_a_sample_that_does_not_load(self, put, change, message):
        source = put(lambda tree: change(tree["annotations"][1]) and None)
        samples = sorted(source.samples(), key=lambda sample: sample.row)
        assert [sample.row for sample in samples] == [0, 1, 2]
        source.load(samples[0])
        with pytest.raises(BadSample, match=rf"annotations/train.json: annotations\[1\]: {message}"):
            source.load(samples[1])

    def test_pictures_without_a_usable_name(self, put):
        def spoil(tree):
            tree["images"][1]["file_name"] = "\ud800.png"
            tree["images"].append({"id": 7, "file_name": "another.png"})
            tree["images"] += ["none", {"id": {}}]
            tree["annotations"].append("none")

        source = put(spoil)
        reasons = set()
        for sample in source.samples():
            assert source.fingerprint(sample)
            with pytest.raises(BadSample) as caught:
                source.load(sample)
            reasons.add(caught.value.reason[:12])
        assert reasons == {"the image's ", "image_id is ", "is 'none'; a"}

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda tree: b"{", "train.json:1: is not JSON"),
            (lambda tree: b"\xff\xfe\xff", "is not UTF-8 text|is not JSON"),
            (lambda tree: b"[" * 200_000, "cannot be read as JSON|is not JSON"),
            (lambda tree: b"[]", "holds list; COCO's JSON is an object"),
            (lambda tree: b'{"images": 3, "annotations": []}', "holds images, annotations; COCO's"),
            (lambda tree: b'{"images": [], "annotations": []}', "hold no face"),
            (lambda tree: b'{"images": [], "annotations": [' + b"9" * 5000 + b"]}", "cannot be read as JSON"),
        ],
    )
    def test_a_file_that_is_no_coco_is_the_users_to_fix(self, put, change, message):
        with pytest.raises(UserError, match=message):
            list(put(change).samples())

    def test_a_huge_file_is_refused_unread(self, put, tmp_path):
        source = put(lambda tree: None)
        with (tmp_path / "annotations" / "train.json").open("r+b") as stream:
            stream.truncate((1 << 30) + 1)
        with pytest.raises(UserError, match=r"has 1.0 GiB, 1 GiB are read at most"):
            list(source.samples())

    def test_one_category_of_several(self, put, tmp_path):
        def add(tree):
            tree["categories"].append({"id": 2, "name": "cat", "keypoints": ["nose"]})
            tree["annotations"][0].update(category_id=2)

        source = put(add)
        assert len(list(source.samples())) == 3
        only = _open(tmp_path, "coco", test=[], category="face")
        assert len(list(only.samples())) == 2
        with pytest.raises(UserError, match="has no category 'dog'; it has: face, cat"):
            list(_open(tmp_path, "coco", test=[], category="dog").samples())

    def test_v_of_one_may_mean_no_more_than_annotated(self, put, tmp_path):
        def hide(tree):
            tree["annotations"][0]["keypoints"][2::3] = [1] * 67 + [0]

        source = put(hide)
        (sample,) = (sample for sample in source.samples() if sample.row == 0)
        assert not source.load(sample).visible.any()
        known = _open(tmp_path, "coco", test=[], visibility="known")
        (sample,) = (sample for sample in known.samples() if sample.row == 0)
        assert known.load(sample).visible.sum() == 67


@pytest.fixture(scope="module", params=WRITERS)
def table(request, tmp_path_factory):
    """A source with one table of two faces, that table's path, and its bytes."""
    root = tmp_path_factory.mktemp(request.param)
    WRITERS[request.param].write(root, FACES)
    source = _open(root, request.param, test=[])
    path = root / source.config.train[0]
    return source, path, path.read_bytes()


@settings(max_examples=40, deadline=None, derandomize=True)
@given(data=st.data())
def test_no_damage_to_a_table_is_more_than_a_message(table, data):
    """Bytes are overwritten, removed and inserted anywhere: each face loads, or says why not."""
    source, path, whole = table
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(damaged)))
        length = data.draw(st.sampled_from([0, 1, 2, 50, len(whole)]))
        pieces = [
            b"",
            b"\0",
            b"\xff",
            b'"',
            b",",
            b"\n",
            b"-",
            b"1e999",
            b"null",
            b"{",
            b"[[",
            b"../",
            b"\\ud800",
            b"\r",
        ]
        damaged[start : start + length] = data.draw(st.sampled_from(pieces) | st.binary(max_size=6))
    path.write_bytes(damaged)
    try:
        samples = list(source.samples())
    except UserError:
        return
    for sample in samples:
        assert str(sample.id).encode()
        for look in (source.fingerprint, source.load):
            try:
                look(sample)
            except (BadSample, OSError):
                continue


@pytest.mark.parametrize("name", WRITERS)
def test_roots_that_are_not_of_the_format(tmp_path, name):
    with pytest.raises(UserError, match="nowhere: no such folder"):
        list(_open(tmp_path / "nowhere", name).samples())
    with pytest.raises(UserError, match=rf"no such file; the root holds nothing\. Set data\.{name}\.train"):
        list(_open(tmp_path, name).samples())


@pytest.mark.real
class TestReal:
    def test_hrnets_rows_are_the_pts_files_and_count_from_one(self, real_data):
        table = "face_landmarks_300w_valid_common.subset.csv"
        source = _open(real_data / "300W", "hrnet_csv", "ibug68", train=[], test=[table], images=".")
        samples = list(source.samples())
        assert len(samples) == 40
        w300 = DataConfig(source="300w", root=str(real_data / "300W")).open_source()
        official = {sample.files[0]: sample for sample in w300.samples()}
        with (real_data / "300W" / table).open(newline="") as stream:
            rows = {row["image_name"]: row for row in standard_csv.DictReader(stream)}
        for sample in samples:
            record, row = source.load(sample), rows[sample.files[0]]
            np.testing.assert_allclose(record.points, w300.load(official[sample.files[0]]).points, atol=1e-9)
            assert sample.photo == official[sample.files[0]].photo
            side = 200 * float(row["scale"])
            center = [float(row["center_w"]) - 1, float(row["center_h"]) - 1]
            np.testing.assert_allclose(record.square, [*center, side])
            # The square is the landmarks' box, rounded by whoever made the table.
            low, high = record.points.min(axis=0), record.points.max(axis=0)
            np.testing.assert_allclose(record.square[:2], (low + high) / 2, atol=1.5)
            assert side == pytest.approx((high - low).max(), rel=0.02)

    @pytest.mark.parametrize(
        ("folder", "landmarks", "faces", "origin"),
        [
            ("300w", "ibug68", 2, "one"),
            ("300vw", "ibug68", 3, "one"),
            ("300wlp", "ibug68", 2, "zero"),
            ("wflw", "wflw98", 4, "zero"),
            ("aflw", "aflw19", 2, "zero"),
            ("cofw", "cofw29", 2, "zero"),
        ],
    )
    def test_mmposes_files(self, real_data, folder, landmarks, faces, origin):
        root = real_data / "samples" / "mmpose_tests_data" / folder
        (file,) = root.glob("*.json")
        source = _open(root, "coco", landmarks, train=[], test=[file.name], images=".", origin=origin)
        samples = list(source.samples())
        assert len(samples) == faces
        for sample in samples:
            record = source.load(sample)
            height, width = record.image.shape[:2]
            assert np.isfinite(record.points).all()
            assert ((record.points > -1) & (record.points < [width, height])).all()
            eyes = load_schema(landmarks).normalizers.inter_ocular
            if eyes:
                right, left = (record.points[list(group), 0].mean() for group in eyes)
                assert right < left

    def test_300vws_json_repeats_its_pts(self, real_data):
        """So it counts from 1."""
        root = real_data / "samples" / "mmpose_tests_data" / "300vw"
        source = _open(root, "coco", "ibug68", train=[], test=["anno_300vw.json"], images=".", origin="one")
        for sample in source.samples():
            pts = (root / sample.files[0].replace("imgs", "annot")).with_suffix(".pts").read_text()
            written = np.array(pts.split("{")[1].split("}")[0].split(), dtype=float).reshape(-1, 2)
            np.testing.assert_allclose(source.load(sample).points, written - 1, atol=1e-6)
