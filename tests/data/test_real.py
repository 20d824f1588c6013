"""Real photos through the whole path: what a model will see is where the annotators put it."""

import numpy as np
import pytest

from facealign.data.augmentation.settings import AWING
from facealign.data.dataset import Draw, FaceDataset
from facealign.data.preparing.prepare import prepare
from facealign.data.shards.reader import ShardReader
from facealign.geometry import CropSettings, affine

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def faces(real_faces, drawn, tmp_path_factory):
    out = tmp_path_factory.mktemp("prepared")
    settings = drawn(source="300w", root=str(real_faces), crop=CropSettings(size=128))
    prepare(settings, out)
    return ShardReader(out, "train"), settings.open_source()


def _records(source):
    return {sample.id: source.load(sample) for sample in source.samples()}


def test_landmarks_return_to_where_they_were_annotated(faces):
    reader, source = faces
    records = _records(source)
    for face in reader:
        back = affine.apply(face.to_photo, face.points)
        np.testing.assert_allclose(back, records[face.labels.id].points, atol=2e-3)


@pytest.mark.parametrize("augmented", [False, True])
def test_views_show_the_photo_at_their_landmarks(faces, augmented):
    """Pixels of the view about each landmark match the photo's where ``to_photo`` says they come from."""
    reader, source = faces
    records = _records(source)
    data = FaceDataset(
        reader, AWING.with_changes(**dict.fromkeys(("blur", "noise", "occlusion", "gray", "color"), 0))
    )
    data = data if augmented else data.plain()
    agreements = []
    for row in range(len(reader)):
        view = data[Draw(row, 0, row)]
        photo = records[reader[row].labels.id].image.mean(axis=2)
        image = view["images"].mean(axis=2)
        inside = ((view["points"] > 1) & (view["points"] < 126)).all(axis=1)
        at_view = view["points"][inside].round().astype(int)
        radius = max(1, round(affine.scale_of(view["to_photo"]) / 2))
        at_photo = affine.apply(view["to_photo"], at_view).round().astype(int)
        pairs = [
            (image[y, x], photo[v - radius : v + radius + 1, u - radius : u + radius + 1].mean())
            for (x, y), (u, v) in zip(at_view, at_photo, strict=True)
            if radius <= v < photo.shape[0] - radius and radius <= u < photo.shape[1] - radius
        ]
        agreements.append(np.corrcoef(np.array(pairs).T)[0, 1])
    assert np.median(agreements) > 0.97
    assert min(agreements) > 0.9


def test_right_stays_right_in_every_view(faces):
    """The subject's right eye is left of its left one in upright views, mirrored or not."""
    reader, _ = faces
    settings = AWING.with_changes(rotation=20.0, occlusion=0.0)
    data = FaceDataset(reader, settings)
    for row in range(len(reader)):
        for position in range(4):
            points = data[Draw(row, 0, position)]["points"]
            right, left = points[36:42].mean(axis=0), points[42:48].mean(axis=0)
            assert right[0] < left[0]
