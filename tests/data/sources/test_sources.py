"""What every registered source must keep, on the data at hand."""

import pickle

import numpy as np
import pytest

from facealign.data.config import DataConfig
from facealign.data.sources.base import SOURCES
from facealign.geometry import load_schema


@pytest.fixture(
    params=["synthetic/ibug68", "synthetic/wflw98", pytest.param("300w/ibug68", marks=pytest.mark.real)]
)
def source(request):
    name, schema = request.param.split("/")
    root = str(request.getfixturevalue("real_faces")) if SOURCES[name].needs_root else None
    return DataConfig(source=name, landmarks=schema, root=root, synthetic={"train": 4, "test": 3}).open_source()


def test_samples_are_unique_sorted_and_the_same_each_time(source):
    samples = list(source.samples())
    ids = [sample.id for sample in samples]
    assert ids == sorted(set(ids))
    assert samples == list(source.samples())
    assert {sample.fold for sample in samples} == {"train", "test"}
    assert pickle.loads(pickle.dumps(samples)) == samples


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


def test_drawn_folds_share_no_face():
    rows = {"train": set(), "test": set()}
    for sample in DataConfig(synthetic={"train": 30, "test": 20}).open_source().samples():
        rows[sample.fold].add(sample.row)
    assert len(rows["train"]) == 30
    assert len(rows["test"]) == 20
    assert rows["train"].isdisjoint(rows["test"])
