import numpy as np
import pytest
from pydantic import ValidationError

from data.sources.written import menpo2d as written
from facealign.config import UserError
from facealign.data.record import BadSample
from facealign.data.sources.menpo2d import Menpo2d
from facealign.data.synthetic import draw_face


def _source(root, schema="ibug68", **options):
    return Menpo2d(root, schema, Menpo2d.Config(**options), 0)


@pytest.fixture
def root(tmp_path):
    written.write(tmp_path / "menpo")
    return tmp_path / "menpo"


@pytest.mark.parametrize(
    ("schema", "kind", "stem", "size"),
    [("ibug68", "semifrontal", "semi", 68), ("menpo39", "profile", "profile", 39)],
)
def test_the_number_of_points_tells_the_kinds_apart(root, schema, kind, stem, size):
    source = _source(root, schema)
    samples = list(source.samples())
    assert [(s.id, s.fold, s.subset) for s in samples] == [
        (f"testset/{kind}/{stem}_000", "test", kind),
        (f"testset/{kind}/{stem}_001", "test", kind),
        (f"trainset/{stem}_000", "train", kind),
        (f"trainset/{stem}_001", "train", kind),
    ]
    number = 0 if schema == "ibug68" else 10
    points = draw_face(0, number, "ibug68", 64).points[:size]
    np.testing.assert_allclose(source.load(samples[2]).points, points, atol=1e-6)


def test_what_is_neither_kind_is_listed_with_both(root):
    (root / "trainset/odd.pts").write_text("1 2\n3 4\n", encoding="ascii")
    (root / "trainset/broken.pts").write_bytes(b"\xff")
    (root / "trainset/semi_000.jpg").unlink()
    for schema, name in (("ibug68", "68"), ("menpo39", "39")):
        source = _source(root, schema)
        samples = {sample.id: sample for sample in source.samples()}
        with pytest.raises(BadSample, match=r"odd\.pts: one image of the same name"):
            source.load(samples["trainset/odd"])
        (root / "trainset/odd.jpg").write_bytes((root / "trainset/semi_001.jpg").read_bytes())
        samples = {sample.id: sample for sample in source.samples()}
        with pytest.raises(BadSample, match=rf"odd\.pts: holds 2 points, \w+ has {name}"):
            source.load(samples["trainset/odd"])
        assert "trainset/broken" in samples
        (root / "trainset/odd.jpg").unlink()


def test_folders_of_other_names(root):
    (root / "trainset").rename(root / "menpo_train_release")
    assert {s.fold for s in _source(root).samples()} == {"test"}
    both = _source(root, train="menpo_train_release").samples()
    assert {s.fold for s in both} == {"train", "test"}
    with pytest.raises(UserError, match=r"Menpo 2D's folders are a \(training\) and b \(testing\)"):
        list(_source(root, train="a", test="b").samples())


@pytest.mark.parametrize(
    "options", [{"train": ".."}, {"train": "/a"}, {"train": ""}, {"train": "testset"}, {"test": "trainset/a"}]
)
def test_folders_that_overlap_or_lead_elsewhere_are_refused(options):
    with pytest.raises(ValidationError):
        Menpo2d.Config(**options)
