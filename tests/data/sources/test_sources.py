"""What every registered source must keep, on the data at hand.

A data set is one line of ``CASES``: the source, its landmarks, the writer of a small copy of the data set
(``written/<name>.py``), and the options that the copy needs.
"""

import importlib
import pickle

import numpy as np
import pytest

from facealign.config import UserError
from facealign.data.config import DataConfig
from facealign.data.sources.base import SOURCES
from facealign.geometry import load_schema

CASES = [
    ("synthetic", "ibug68", None, {"train": 4, "test": 3}),
    ("synthetic", "wflw98", None, {"train": 4, "test": 3}),
    ("300vw", "ibug68", "w300_vw", {}),
    ("300w", "ibug68", "w300", {}),
    ("300w", "ibug68", "w300", {"split": "private"}),
    ("300w_lp", "ibug68", "w300_lp", {"test": ("IBUG",)}),
    ("aflw", "aflw19", "aflw", {"train": 2}),
    ("aflw2000_3d", "ibug68", "aflw2000", {}),
    ("coco", "ibug68", "coco", {}),
    ("cofw", "cofw29", "cofw", {}),
    ("cofw68", "ibug68", "cofw68", {}),
    ("csv", "ibug68", "csv", {}),
    ("facesynthetics", "ibug68", "facesynthetics", {"first_test": 200}),
    ("facesynthetics", "ibug70", "facesynthetics", {"first_test": 200}),
    ("hrnet_csv", "wflw98", "hrnet_csv", {}),
    ("lsp", "lsp14", "lsp", {"train": 2}),
    ("lspet", "lsp14", "lspet", {}),
    ("menpo2d", "ibug68", "menpo2d", {}),
    ("menpo2d", "menpo39", "menpo2d", {}),
    ("merl_rav", "ibug68", "merl_rav", {}),
    ("wflw", "wflw98", "wflw", {}),
]
ONE_FOLD = {"aflw2000_3d": "test", "cofw68": "test", "lspet": "train"}


def _name(case):
    return "-".join([*case[:2], *(str(value) for value in case[3].values())])


@pytest.fixture(scope="module", params=CASES, ids=_name)
def case(request, tmp_path_factory):
    name, landmarks, writer, options = request.param
    root = None
    if writer is not None:
        root = tmp_path_factory.mktemp(writer) / "root"
        importlib.import_module(f"data.sources.written.{writer}").write(root)
    return {"source": name, "landmarks": landmarks, "root": root and str(root), name: options}


@pytest.fixture
def source(case):
    return DataConfig.model_validate(case).open_source()


def test_every_source_is_here():
    assert {name for name, *_ in CASES} == set(SOURCES)


def test_samples_are_unique_sorted_and_the_same_each_time(source):
    samples = list(source.samples())
    ids = [sample.id for sample in samples]
    assert ids == sorted(set(ids))
    assert samples == list(source.samples())
    assert pickle.loads(pickle.dumps(samples)) == samples


def test_folds_are_those_published_and_share_no_photo(case, source):
    photos = {}
    for sample in source.samples():
        photos.setdefault(sample.fold, set()).add(sample.photo)
    only = ONE_FOLD.get(case["source"])
    assert set(photos) == ({only} if only else {"train", "test"})
    assert not photos.get("train", set()) & photos.get("test", set())


def test_records_keep_the_conventions(source):
    size = load_schema(source.schema).size
    for sample in list(source.samples())[::3]:
        record = pickle.loads(pickle.dumps(source)).load(sample)
        assert record.image.dtype == np.uint8
        assert record.image.shape[2:] == (3,)
        assert record.points.shape == (size, 2)
        assert record.points.dtype == np.float64
        assert record.visible.shape == (size,)
        assert record.visible.dtype == np.bool_
        np.testing.assert_array_equal(record.points, source.load(sample).points)


def test_fingerprints_are_stable_and_distinct(source):
    samples = list(source.samples())
    prints = [source.fingerprint(sample) for sample in samples]
    assert len(set(prints)) == len(prints)
    assert prints == [source.fingerprint(sample) for sample in samples]


def test_another_data_sets_folder_is_refused(case, tmp_path):
    """A folder that is empty, or holds something else, is never taken for an empty data set."""
    if case["root"] is None:
        pytest.skip("it has no folder")
    for content in (None, "notes.md", "photos"):
        if content == "photos":
            (tmp_path / content).mkdir()
        elif content:
            (tmp_path / content).write_text("nothing", encoding="ascii")
        elsewhere = DataConfig.model_validate({**case, "root": str(tmp_path)}).open_source()
        with pytest.raises(UserError):
            list(elsewhere.samples())


def test_drawn_folds_share_no_face():
    rows = {"train": set(), "test": set()}
    for sample in DataConfig(synthetic={"train": 30, "test": 20}).open_source().samples():
        rows[sample.fold].add(sample.row)
    assert len(rows["train"]) == 30
    assert len(rows["test"]) == 20
    assert rows["train"].isdisjoint(rows["test"])
