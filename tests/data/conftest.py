"""Stored faces for the tests of what reads and writes them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from facealign.data.config import DataConfig
from facealign.data.images import encode
from facealign.data.preparing.planning import runs
from facealign.data.shards.index import Index, SourceNote
from facealign.data.shards.reader import ShardReader
from facealign.data.shards.row import Labels, ShardRow, StoredFace, arrow_schema, fingerprint, to_batch
from facealign.data.shards.settings import ShardSettings
from facealign.data.shards.writer import publish, write_shard
from facealign.geometry import CropSettings, LandmarkSchema, affine
from facealign.storage.store import Place
from facealign.storage.uris import open_store

SCHEMA = LandmarkSchema(name="four", size=4, flip=(1, 0, 2, 3))
CROP = CropSettings(size=32, context=1.0)


@pytest.fixture(scope="session")
def make_face() -> Callable[[int], StoredFace]:
    """A face of 4 landmarks and random pixels; every column its own."""

    def make(number: int) -> StoredFace:
        rng = np.random.default_rng(number)
        image = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
        return StoredFace(
            labels=Labels(
                id=f"face/{number:05d}",
                subset="odd" if number % 2 else "even",
                photo=f"photo {number // 2}",
                attributes=("blur", "pose") if number % 3 == 0 else (),
            ),
            encoded=np.frombuffer(encode(image, "png", 95), dtype=np.uint8),
            points=rng.uniform(0, 32, (4, 2)).astype(np.float32),
            valid=rng.uniform(size=4) < 0.8,
            visible=rng.uniform(size=4) < 0.5,
            to_photo=affine.rotate_scale_about((0, 0), number, 2.0),
        )

    return make


@pytest.fixture
def write_set(tmp_path: Path) -> Callable[..., Path]:
    """Writes faces as the training fold, in shards of about ``megabytes``; returns the folder, or the place."""

    def write(
        faces: list[StoredFace], megabytes: float = 0.02, folder: str = "shards", place: Place | None = None
    ) -> Place:
        out = tmp_path / folder if place is None else place
        store = open_store(out)
        rows = [ShardRow(face, f"image of {face.labels.id}") for face in faces]
        mean = megabytes * 1e6 / faces[0].encoded.nbytes
        parts = runs(rows, mean, lambda row: row.face.labels.id)
        index = Index(
            source=SourceNote(name="made", options={}, digest="0"),
            landmarks=SCHEMA,
            crop=CROP,
            shards=ShardSettings(megabytes=megabytes),
            validation=0.1,
            seed=0,
            columns=fingerprint(arrow_schema(SCHEMA.size)),
            folds={
                "train": tuple(write_shard(store, "train", to_batch(part)) for part in parts),
                "val": (),
                "test": (),
            },
            no_statistics="none are made here",
        )
        publish(store, index)
        return out

    return write


@pytest.fixture
def stored(write_set: Callable[..., Path], make_face: Callable[[int], StoredFace]) -> ShardReader:
    """Forty faces in several shards."""
    return ShardReader(write_set([make_face(i) for i in range(40)]), "train")


@pytest.fixture(scope="session")
def drawn() -> Callable[..., DataConfig]:
    """Settings of a few small synthetic faces, with changes: ``drawn(validation=0.3)``."""

    def settings(**changes: object) -> DataConfig:
        plain = {"crop": CropSettings(size=32), "validation": 0.3}
        return DataConfig.model_validate({**plain, "synthetic": {"train": 24, "test": 4, "size": 64}, **changes})

    return settings


@pytest.fixture(scope="session")
def real_faces(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A 300-W folder with links to a few whole photos of each fold."""
    root = tmp_path_factory.mktemp("real") / "300W"
    for folder, count in {"afw": 6, "helen/trainset": 6, "helen/testset": 3}.items():
        (root / folder).mkdir(parents=True)
        for annotation in sorted((real_data / "300W" / folder).glob("*.pts"))[:count]:
            for path in annotation.parent.glob(annotation.stem + ".*"):
                (root / folder / path.name).symlink_to(path)
    return root
