import numpy as np
import pytest

from facealign.data.shards.index import Index
from facealign.data.shards.reader import ShardReader
from facealign.data.shards.verify import verify


def _files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_what_is_written_is_read(stored, make_face):
    assert len(stored) == 40
    for i, face in enumerate(stored):
        expected = make_face(i)
        assert face.labels == expected.labels
        for name in ("encoded", "points", "valid", "visible", "to_photo"):
            np.testing.assert_array_equal(getattr(face, name), getattr(expected, name))
            assert getattr(face, name).dtype == getattr(expected, name).dtype
        np.testing.assert_array_equal(face.image(), expected.image())


def test_the_same_faces_give_the_same_bytes(write_set, make_face):
    first, second = (write_set([make_face(i) for i in range(40)], folder=name) for name in ("a", "b"))
    assert _files(first) == _files(second)


@pytest.mark.parametrize("change", ["removed", "added"])
def test_a_changed_face_rewrites_few_shards(write_set, make_face, change):
    faces = [make_face(i) for i in range(200)]
    before = _files(write_set(faces))
    changed = [*faces[:60], *faces[61:]] if change == "removed" else [*faces[:60], make_face(999), *faces[60:]]
    after = _files(write_set(changed))
    new = {name for name in after if name not in before}
    assert len(before) > 8
    assert 1 <= len(new) <= 3


def test_shards_that_are_there_already_are_left_alone(write_set, make_face):
    faces = [make_face(i) for i in range(40)]
    folder = write_set(faces)
    before = {path.name: path.stat().st_ino for path in folder.glob("*.arrow")}
    write_set(faces)
    assert before == {path.name: path.stat().st_ino for path in folder.glob("*.arrow")}


def test_a_damaged_shard_is_written_anew(write_set, make_face):
    faces = [make_face(i) for i in range(40)]
    folder = write_set(faces)
    next(folder.glob("*.arrow")).write_bytes(b"damaged")
    write_set(faces)
    assert verify(folder) == []


def test_publishing_removes_what_no_index_names(write_set, make_face):
    folder = write_set([make_face(i) for i in range(40)])
    (folder / ".unfinished-train-00.arrow").write_bytes(b"half")
    write_set([make_face(i) for i in range(50, 60)])
    assert verify(folder) == []
    assert [face.labels.id for face in ShardReader(folder, "train")] == [f"face/{i:05d}" for i in range(50, 60)]


def test_the_digest_is_of_the_content(write_set, make_face):
    faces = [make_face(i) for i in range(10)]
    one, same, other = (
        Index.load(write_set(part, folder=name)).digest
        for name, part in {"one": faces, "same": faces, "other": faces[1:]}.items()
    )
    assert one == same != other
