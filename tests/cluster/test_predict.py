"""Photos of a folder, on Ray Data's workers."""

import cv2
import pyarrow.parquet
import pytest

from facealign.cluster.config import ClusterConfig
from facealign.cluster.predict import SCHEMA, PredictJob, predict_photos
from facealign.config import UserError
from facealign.data.images import encode
from facealign.data.shards.index import Index
from facealign.data.synthetic import draw_face
from facealign.training import InputSpec, save_model
from methods.small import SMALL, small_method

pytestmark = [
    pytest.mark.ray,
    pytest.mark.slow,
    # Ray and gRPC leave sockets to the garbage collector; Ray Data warns of its own settings.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@pytest.fixture
def job(tiny_shards, tiny_job, tmp_path):
    index = Index.load(tiny_shards)
    trained = tiny_job.model_copy(update={"method": "anisotropic", "model": SMALL["anisotropic"]})
    faces = InputSpec(crop=index.crop, landmarks=index.landmarks)
    save_model(tmp_path / "model", small_method("anisotropic"), trained, faces)
    photos = tmp_path / "photos"
    (photos / "deep").mkdir(parents=True)
    for i in range(10):
        (photos / "deep" / f"{i}.PNG").write_bytes(encode(draw_face(0, i, "ibug68", 64).image, "png", 0))
    (photos / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    (photos / "notes.txt").write_text("no photo")
    return PredictJob(source=str(photos), out=str(tmp_path / "out"), model=str(tmp_path / "model"))


@pytest.mark.skipif(not hasattr(cv2, "CascadeClassifier"), reason="OpenCV 5 holds no cascade")
def test_a_row_for_each_photo_and_why_one_has_none(ray_cluster, job):
    counted = predict_photos(job, ClusterConfig(workers=2))
    table = pyarrow.parquet.read_table(job.out)
    assert table.schema.names == SCHEMA.names
    rows = {row["photo"].rpartition("/")[2]: row for row in table.to_pylist()}
    assert sorted(rows) == sorted([*(f"{i}.PNG" for i in range(10)), "broken.jpg"])
    assert "is not a picture" in rows["broken.jpg"]["problem"]
    assert counted.photos == 11
    assert counted.failed == sum(row["problem"] is not None for row in rows.values())
    assert counted.faces == sum(len(row["faces"]) for row in rows.values())
    with pytest.raises(UserError, match="is not empty"):
        predict_photos(job, ClusterConfig(workers=2))


def test_a_folder_without_photos(job, tmp_path):
    (tmp_path / "none").mkdir()
    with pytest.raises(UserError, match="none: holds no photo"):
        predict_photos(PredictJob(source=str(tmp_path / "none"), out=job.out, model=job.model), ClusterConfig())
