import numpy as np
import pytest

from facealign.config import UserError
from facealign.data.dataset import FaceDataset
from facealign.data.loader import eval_batches
from facealign.data.shards.reader import ShardReader
from facealign.data.statistics import mean_shape


def test_mean_shape_is_the_mean_of_the_plain_views(tiny_shards):
    reader = ShardReader(tiny_shards, "train")
    points = np.concatenate([batch.points.numpy() for batch in eval_batches(FaceDataset(reader), batch_size=16)])
    np.testing.assert_allclose(mean_shape(reader), points.astype(np.float64).mean(axis=0), atol=1e-4)


def test_unknown_landmarks_do_not_count(stored):
    reader = stored
    room = (reader.index.crop.stored_size - reader.index.crop.size) / 2
    known = [face.points[2] for face in reader if face.valid[2]]
    expected = np.mean(known, axis=0) - room
    np.testing.assert_allclose(mean_shape(reader)[2], expected, rtol=1e-5)
    assert 0 < len(known) < len(reader)


def test_a_landmark_that_no_face_has_is_refused(write_set, make_face):
    faces = [make_face(i) for i in range(3)]
    for face in faces:
        face.valid[1] = False
    with pytest.raises(UserError, match=r"landmarks \[1\] are unknown in all 3 faces"):
        mean_shape(ShardReader(write_set(faces), "train"))
