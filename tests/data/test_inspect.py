import json
import shutil

import numpy as np
import pytest

from data.sources.written import csv as written_csv
from facealign.config import UserError
from facealign.data.config import DataConfig
from facealign.data.preparing.inspect import check_samples, choose, inspect
from facealign.geometry import load_schema


def _open(root, **options):
    return DataConfig.model_validate(
        {"source": "csv", "root": str(root), "landmarks": "ibug68", "csv": options}
    ).open_source()


def _inspect(source, limit=None, workers=1):
    samples = list(source.samples())
    checks = check_samples(source, choose(samples, limit), workers)
    return inspect("csv", load_schema("ibug68"), samples, checks)


@pytest.fixture
def root(tmp_path):
    written_csv.write(tmp_path, 6)
    return tmp_path


def test_everything_is_counted(root):
    found = _inspect(_open(root))
    assert (found.samples, found.looked_at, found.usable) == (6, 6, 6)
    assert [(group.fold, group.subset, group.samples, group.photos) for group in found.groups] == [
        ("train", "drawn", 3, 3),
        ("test", "drawn", 3, 3),
    ]
    assert found.visible + found.hidden + found.unknown == pytest.approx(1)
    assert found.unknown == pytest.approx(1 / 68)
    assert found.boxes == 1
    assert found.squares == 0
    assert found.attributes == {"blur": {"train": 3, "test": 3}}
    assert (found.picture_width.least, found.picture_height.greatest) == (64, 64)
    assert found.problems == found.duplicates == found.notes == ()
    json.dumps(found.to_json(), allow_nan=False)


def test_figures_against_the_records(root):
    source = _open(root)
    records = [source.load(sample) for sample in source.samples()]
    known = [record.points[np.isfinite(record.points).all(axis=1)] for record in records]
    outside = sum(((points < -0.5) | (points > 63.5)).any(axis=1).sum() for points in known)
    found = _inspect(source)
    assert found.outside == pytest.approx(outside / (6 * 67))
    assert found.face_size.greatest == pytest.approx(max(np.ptp(points, axis=0).max() for points in known))
    assert found.visible == pytest.approx(sum(record.visible.sum() for record in records) / (6 * 68))


def test_a_limit_looks_at_some_and_lists_all(root):
    source = _open(root)
    samples = list(source.samples())
    assert choose(samples, 3) == [samples[0], samples[2], samples[5]]
    assert choose(samples, 60) == samples
    found = _inspect(source, limit=2)
    assert (found.samples, found.looked_at) == (6, 2)
    assert sum(group.looked_at for group in found.groups) == 2
    assert sum(group.samples for group in found.groups) == 6


def test_processes_find_the_same(root):
    assert _inspect(_open(root), workers=2) == _inspect(_open(root))


def test_problems_are_grouped_by_reason(root):
    pictures = sorted((root / "photos").rglob("*.png"))
    for picture in pictures[:2]:
        picture.write_bytes(picture.read_bytes()[:300])
    pictures[2].unlink()
    for number, fold in enumerate(("train", "test")):
        path = root / f"{fold}.csv"
        lines = path.read_text().splitlines()
        lines[-1] = lines[-1].replace(",", f",left {number}", 2)
        path.write_text("\n".join(lines))
    found = _inspect(_open(root))
    reasons = [(problem.reason, problem.samples) for problem in found.problems]
    assert sum(count for _, count in reasons) == found.looked_at - found.usable
    assert len(reasons) <= 3
    truncated = next(problem for problem in found.problems if "cannot be decoded" in problem.reason)
    assert truncated.places[0].startswith("photos/")


def test_copies_across_the_folds_are_found(root):
    """The copy has another name and another format, and the same pixels."""
    from PIL import Image

    test, train = (root / "photos" / name for name in ("a/000.png", "b/001.png"))
    Image.open(test).save(train, "PNG", compress_level=1)
    assert test.read_bytes() != train.read_bytes()
    (found,) = _inspect(_open(root)).duplicates
    assert found.meaning.startswith("the same photo in train and test")
    assert found.groups == 1
    assert sorted(found.first[0]) == ["drawn/photos/a/000.png", "drawn/photos/b/001.png"]


def test_copies_within_a_fold_are_found_too(root):
    shutil.copy(root / "photos/b/001.png", root / "photos/b/003.png")
    (found,) = _inspect(_open(root)).duplicates
    assert found.meaning.startswith("the same image under two photos of one fold")


def test_two_faces_of_one_picture_are_no_copies(root):
    path = root / "train.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, lines[1]]))
    found = _inspect(_open(root))
    assert found.duplicates == ()
    assert found.faces_per_photo.greatest == 2


def test_a_photo_that_is_listed_in_both_folds(root):
    path = root / "train.csv"
    path.write_text("\n".join([*path.read_text().splitlines(), (root / "test.csv").read_text().splitlines()[1]]))
    (found,) = _inspect(_open(root)).duplicates
    assert found.groups == 1
    assert found.meaning.startswith("the same photo in train and test")


def test_notes(root):
    found = _inspect(_open(root, test=[]))
    assert found.notes == ("fold test has no sample: what needs one will say so",)
    for path in root.glob("*.csv"):
        lines = path.read_text().splitlines()
        head = lines[0].split(",")
        seen = [i for i, name in enumerate(head) if name.startswith("visible_")]
        rows = [line.split(",") for line in lines[1:]]
        for row in rows:
            for i in seen:
                row[i] = "0"
        path.write_text("\n".join([lines[0], *(",".join(row) for row in rows)]))
    assert any("no landmark is visible in any face" in note for note in _inspect(_open(root)).notes)


def test_nothing_usable_still_has_figures(root):
    shutil.rmtree(root / "photos")
    found = _inspect(_open(root))
    assert found.usable == 0
    assert found.picture_width is None
    json.dumps(found.to_json(), allow_nan=False)


def test_no_sample_at_all():
    with pytest.raises(UserError, match="lists no sample"):
        inspect("csv", load_schema("ibug68"), [], [])
