"""Readers of the same stored crops by other libraries, each used as its documentation advises.

All decode with OpenCV, collate with PyTorch, and augment with Albumentations by the recipe of AWing: the same
probabilities and strengths as ours. Each is a ``DataLoader`` in this process that gives batches of 16 of
{"image": (16, S, S, 3) uint8, "points": (16, N, 2) float32}.
"""

import importlib.util
import io
import os
import sys
import tarfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from torch.utils.data import DataLoader

from facealign.data.augmentation.settings import AWING
from facealign.data.shards.reader import ShardReader

BATCH = 16
Look = Callable[[NDArray[np.uint8], NDArray[np.float32]], dict[str, Any]]
"""An encoded crop and its landmarks, stored-crop pixels → a sample."""


def plain_look(reader: ShardReader) -> Look:
    """The middle of the stored crop."""
    size = reader.index.crop.size
    room = (reader.index.crop.stored_size - size) // 2

    def look(encoded: NDArray[np.uint8], points: NDArray[np.float32]) -> dict[str, Any]:
        image = cv2.imdecode(encoded, cv2.IMREAD_COLOR_RGB)
        return {"image": image[room : room + size, room : room + size], "points": points - np.float32(room)}

    return look


def augmented_look(reader: ShardReader) -> Look:
    """AWing's recipe."""
    os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"  # its import would otherwise ask a server for news
    import albumentations

    size, flip = reader.index.crop.size, list(reader.index.landmarks.flip)
    shift = (-AWING.shift * size, AWING.shift * size)
    compose = albumentations.Compose(
        [
            albumentations.Affine(
                scale=(1 - AWING.scale, 1 + AWING.scale),
                rotate=(-AWING.rotation, AWING.rotation),
                translate_px={"x": tuple(map(round, shift)), "y": tuple(map(round, shift))},
                keep_ratio=True,
                p=1,
            ),
            albumentations.CenterCrop(size, size),
            albumentations.CoarseDropout(
                num_holes_range=(1, 1),
                hole_height_range=AWING.occlusion_height,
                hole_width_range=AWING.occlusion_height,
                fill="random_uniform",
                p=AWING.occlusion,
            ),
            albumentations.GaussianBlur(
                blur_limit=0, sigma_limit=tuple(share * size for share in AWING.blur_size), p=AWING.blur
            ),
            albumentations.RandomBrightnessContrast(AWING.brightness, AWING.contrast, p=AWING.color),
            albumentations.GaussNoise(std_range=AWING.noise_level, per_channel=False, p=AWING.noise),
            albumentations.ToGray(p=AWING.gray),
        ],
        keypoint_params=albumentations.KeypointParams(format="xy", remove_invisible=False),
    )
    rng = np.random.default_rng(0)

    def look(encoded: NDArray[np.uint8], points: NDArray[np.float32]) -> dict[str, Any]:
        image = cv2.imdecode(encoded, cv2.IMREAD_COLOR_RGB)
        if rng.random() < AWING.flip:  # the library's own would leave the identities as they were
            image, points = cv2.flip(image, 1), points[flip] * (-1, 1) + (image.shape[1] - 1, 0)
        sample = compose(image=image, keypoints=points)
        return {"image": sample["image"], "points": sample["keypoints"].astype(np.float32)}

    return look


def files(reader: ShardReader, folder: Path, look: Look) -> Iterable[Any]:
    """PyTorch alone, over a folder of JPEG files."""
    if not folder.exists():
        folder.mkdir()
        for row, face in enumerate(reader):
            (folder / f"{row}.jpg").write_bytes(face.encoded.tobytes())
    points = [face.points.copy() for face in reader]

    class Files:
        def __len__(self) -> int:
            return len(points)

        def __getitem__(self, row: int) -> dict[str, Any]:
            return look(np.fromfile(folder / f"{row}.jpg", dtype=np.uint8), points[row])

    return DataLoader(Files(), batch_size=BATCH, drop_last=True)  # type: ignore[arg-type]  # map-style by its shape


def streaming(reader: ShardReader, folder: Path, look: Look) -> Iterable[Any]:
    """MosaicML Streaming, local MDS shards."""
    with _stand_in_for_torchvision():
        from streaming import MDSWriter, StreamingDataset

    if not folder.exists():
        columns = {"image": "bytes", "points": f"ndarray:float32:{reader.index.landmarks.size},2"}
        with MDSWriter(out=str(folder), columns=columns) as writer:
            for face in reader:
                writer.write({"image": face.encoded.tobytes(), "points": face.points})

    class Streamed(StreamingDataset):  # type: ignore[misc]
        def __getitem__(self, row: int) -> dict[str, Any]:
            sample = super().__getitem__(row)
            return look(np.frombuffer(sample["image"], dtype=np.uint8), sample["points"])

    return DataLoader(Streamed(local=str(folder), batch_size=BATCH), batch_size=BATCH, drop_last=True)


def webdataset(reader: ShardReader, folder: Path, look: Look) -> Iterable[Any]:
    """WebDataset, a local tar file."""
    import webdataset as wds

    if not folder.exists():
        folder.mkdir()
        with tarfile.open(folder / "faces.tar", "w") as tar:
            for row, face in enumerate(reader):
                for name, data in (("jpg", face.encoded.tobytes()), ("bin", face.points.tobytes())):
                    info = tarfile.TarInfo(f"{row:06d}.{name}")
                    info.size = len(data)
                    tar.addfile(info, io.BytesIO(data))

    def sample(raw: dict[str, Any]) -> dict[str, Any]:
        points = np.frombuffer(raw["bin"], dtype=np.float32).reshape(-1, 2)
        return look(np.frombuffer(raw["jpg"], dtype=np.uint8), points)

    source = wds.WebDataset(str(folder / "faces.tar"), shardshuffle=False).map(sample)
    return DataLoader(source, batch_size=BATCH, drop_last=True)


PEERS: dict[str, tuple[Callable[[ShardReader, Path, Look], Iterable[Any]], str, str]] = {
    "torch, JPEG folder": (files, "torch", "torch"),
    "mosaicml-streaming": (streaming, "streaming", "mosaicml-streaming"),
    "webdataset": (webdataset, "webdataset", "webdataset"),
}
"""Name → loader, the module it needs, and the package that holds it."""


@contextmanager
def _stand_in_for_torchvision() -> Iterator[None]:
    """MosaicML Streaming imports two names of torchvision for data sets that are not used here."""
    if importlib.util.find_spec("torchvision") is not None or "streaming" in sys.modules:
        yield
        return
    import transformers.feature_extraction_utils  # noqa: F401  # it would look for what the stand-in lacks

    names = ("", ".datasets", ".transforms", ".transforms.functional")
    modules = {f"torchvision{name}": ModuleType(f"torchvision{name}") for name in names}
    for name, module in modules.items():
        module.__spec__ = ModuleSpec(name, None)
    modules["torchvision.datasets"].VisionDataset = type("VisionDataset", (), {})  # type: ignore[attr-defined]
    modules["torchvision.transforms.functional"].to_tensor = None  # type: ignore[attr-defined]
    sys.modules.update(modules)
    print("mosaicml-streaming: torchvision is not installed; an empty stand-in lets it be imported. No timed line")
    print("of it calls torchvision.")
    try:
        yield
    finally:
        for name in modules:
            del sys.modules[name]
