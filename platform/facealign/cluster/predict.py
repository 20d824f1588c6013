"""Landmarks of very many photos: Ray Data reads a folder or bucket, workers with a model each find the faces."""

import logging
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute
import pyarrow.dataset
import pyarrow.fs

from facealign import inference
from facealign.cluster.config import ClusterConfig
from facealign.config import UserError, printable
from facealign.data.sources.files import IMAGE_SUFFIXES
from facealign.inference.runtimes import Runtime

SCHEMA = pa.schema(
    {
        "photo": pa.string(),
        "problem": pa.string(),
        "faces": pa.list_(
            pa.struct({"box": pa.list_(pa.float64()), "landmarks": pa.list_(pa.list_(pa.float64()))})
        ),
        "model": pa.string(),
    }
)
"""A row for each photo: its path; why it could not be used, or null; its faces, in its own pixels, 0-based."""

_PHOTOS_AT_ONCE = 8
_LONGEST = 240


@dataclass(frozen=True, kw_only=True)
class PredictJob:
    """A distributed prediction: model, images and outputs.

    Attributes:
        source: Folder or URI that every node reaches; folders in it are looked into.
        out: Folder or URI for Parquet files of ``SCHEMA``; not there yet, or empty.
        model: See ``inference.load``; a folder has to be reachable from every node.
        tracking_uri: Of the MLflow that knows the model.
    """

    source: str
    out: str
    model: str
    runtime: Runtime = "torch"
    tracking_uri: str | None = None


@dataclass(frozen=True)
class Counted:
    """Counts of a finished prediction."""

    photos: int
    faces: int
    without: int
    failed: int


def predict_photos(job: PredictJob, config: ClusterConfig) -> Counted:
    """Find the landmarks of all photos, with ``config.workers`` processes.

    Raises:
        UserError: There is no photo or no model, the target is not empty, or no cluster answers.
    """
    # Workers have other working directories.
    job = replace(job, source=_absolute(job.source), out=_absolute(job.out))
    _require_empty(job.out)
    _require_photos(job.source)
    # Checked here once, so that errors are reported before any worker starts.
    inference.load(job.model, job.runtime, tracking_uri=job.tracking_uri, device="cpu").require_detector()
    from facealign.cluster.session import session  # Ray takes seconds to import

    with session(config.address):
        _run(job, config)
    return _counted(job.out)


def _run(job: PredictJob, config: ClusterConfig) -> None:
    import ray

    gpu = config.takes_gpus(int(ray.cluster_resources().get("GPU", 0)))

    ray.data.DataContext.get_current().enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    endings = [ending[1:] for ending in IMAGE_SUFFIXES]
    photos = ray.data.read_binary_files(job.source, include_paths=True, file_extensions=endings)
    found = photos.map_batches(
        _Worker,
        fn_constructor_args=(job, None if gpu else "cpu"),
        batch_size=_PHOTOS_AT_ONCE,
        batch_format="pyarrow",
        num_cpus=1,
        num_gpus=int(gpu),
        compute=ray.data.ActorPoolStrategy(min_size=1, max_size=config.most_workers),
    )
    found.write_parquet(job.out)


class _Worker:
    """A process with the model; it keeps it from batch to batch.

    Args:
        job: What is to be done.
        device: See ``inference.load``; Ray shows a process its own GPU alone.
    """

    def __init__(self, job: PredictJob, device: str | None) -> None:
        import cv2

        cv2.setNumThreads(1)  # workers are the parallelism
        self._model = inference.load(job.model, job.runtime, tracking_uri=job.tracking_uri, device=device)

    def __call__(self, photos: pa.Table) -> pa.Table:
        """Photos with the columns ``path`` and ``bytes`` → rows of ``SCHEMA``."""
        rows = zip(photos["path"].to_pylist(), photos["bytes"].to_pylist(), strict=True)
        return pa.Table.from_pylist([self._row(path, data) for path, data in rows], schema=SCHEMA)

    def _row(self, path: str, data: bytes) -> dict[str, object]:
        card = self._model.card
        row: dict[str, object] = {
            "photo": path,
            "problem": None,
            "faces": [],
            "model": card.model or card.config_hash,
        }
        try:
            found = self._model.predict(data)
        except UserError as error:
            return {**row, "problem": printable(str(error), _LONGEST)}
        return {
            **row,
            "faces": [{"box": face.box.tolist(), "landmarks": face.landmarks.tolist()} for face in found],
        }


def _files(place: str) -> tuple[pyarrow.fs.FileSystem, str]:
    try:
        found: tuple[pyarrow.fs.FileSystem, str] = pyarrow.fs.FileSystem.from_uri(place)
    except (pa.ArrowInvalid, OSError) as error:
        raise UserError(f"{place}: is no folder nor the address of a bucket: {error}") from None
    return found


def _absolute(place: str) -> str:
    return place if "://" in place else str(Path(place).resolve())


def _require_empty(out: str) -> None:
    files, key = _files(out)
    selector = pyarrow.fs.FileSelector(key, allow_not_found=True)
    if files.get_file_info(selector):
        raise UserError(f"{out}: is not empty, and rows of two runs would be mixed; name another folder")


def _require_photos(source: str) -> None:
    files, key = _files(source)
    listed = files.get_file_info(pyarrow.fs.FileSelector(key, allow_not_found=True, recursive=True))
    if not any(info.path.lower().endswith(IMAGE_SUFFIXES) for info in listed):
        raise UserError(f"{source}: holds no photo ({', '.join(IMAGE_SUFFIXES)}), or is not there")


def _counted(out: str) -> Counted:
    files, key = _files(out)
    table = pyarrow.dataset.dataset(key, filesystem=files, schema=SCHEMA).to_table(columns=["problem", "faces"])
    counts = pyarrow.compute.list_value_length(table["faces"]).to_pylist()
    failed = len(table) - table["problem"].null_count
    return Counted(len(table), sum(counts), counts.count(0) - failed, failed)
