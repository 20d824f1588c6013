import numpy as np
import pytest

from facealign.config import UserError
from facealign.data.shards.row import Labels
from facealign.evaluation.face_predictions import FacePredictions
from facealign.geometry import load_schema
from facealign.training.predictions import Predictions


def measured(faces):
    rng = np.random.default_rng(faces)
    schema = load_schema("wflw98")
    shape = (faces, schema.size)
    ids = tuple(f"face {face}" for face in range(faces))
    found = Predictions(
        rng.normal(size=(*shape, 2)),
        rng.normal(size=(*shape, 2)),
        rng.random(shape) < 0.9,
        rng.normal(size=(faces, 2, 3)),
        ids,
    )
    labels = tuple(
        Labels(id=name, subset="test", photo=f"{i // 2}", attributes=("pose",) * (i % 2))
        for i, name in enumerate(ids)
    )
    return FacePredictions(found, labels, schema, "a1b2")


@pytest.mark.parametrize("faces", [0, 1, 3, 65])
def test_what_is_read_is_what_was_written(faces, tmp_path):
    there = measured(faces)
    there.write(tmp_path / "new" / "test.arrow")
    back = FacePredictions.read(tmp_path / "new" / "test.arrow")
    assert (back.labels, back.schema, back.data_digest) == (there.labels, there.schema, there.data_digest)
    assert back.found.ids == there.found.ids
    for name in ("predicted", "truth", "valid", "to_photo"):
        np.testing.assert_array_equal(getattr(back.found, name), getattr(there.found, name))


def test_equal_faces_give_equal_bytes(tmp_path):
    for name in ("a", "b"):
        measured(5).write(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_no_such_file_and_another_file_are_reported(tmp_path):
    with pytest.raises(UserError, match="no such file of measured faces"):
        FacePredictions.read(tmp_path / "none.arrow")
    (tmp_path / "other.arrow").write_bytes(b"something else")
    with pytest.raises(UserError, match="is no file of measured faces"):
        FacePredictions.read(tmp_path / "other.arrow")
