"""One face of a photo → the crop that is stored."""

import numpy as np
from numpy.typing import NDArray

from facealign.data.images import encode
from facealign.data.record import BadSample, FaceRecord
from facealign.data.shards.row import Labels, StoredFace
from facealign.data.shards.settings import ShardSettings
from facealign.data.sources.base import Sample
from facealign.data.warp import warp
from facealign.geometry import CropSettings, LandmarkSchema, affine, landmark_box, stored_crop


def cut_face(
    sample: Sample, record: FaceRecord, schema: LandmarkSchema, crop: CropSettings, shards: ShardSettings
) -> StoredFace:
    """Cut a face by the crop rule and encode it.

    Raises:
        BadSample: The landmarks are not of the schema, or the box that the rule needs is missing or degenerate.
    """
    if record.points.shape != (schema.size, 2):
        raise BadSample(
            sample.id, f"has landmarks of shape {record.points.shape}, {schema.name} has {schema.size}"
        )
    valid_N = np.asarray(np.isfinite(record.points).all(axis=1))
    matrix = stored_crop(_box(sample, record, valid_N, crop), crop)
    stored_N2 = affine.apply(matrix, np.where(valid_N[:, None], record.points, 0.0))
    image = warp(record.image, matrix, crop.stored_size)
    return StoredFace(
        labels=Labels(
            id=sample.id,
            subset=sample.subset,
            photo=sample.photo,
            attributes=tuple(sorted(name for name, value in record.attributes.items() if value)),
        ),
        encoded=np.frombuffer(encode(image, shards.encoding, shards.quality), dtype=np.uint8),
        points=np.where(valid_N[:, None], stored_N2, 0.0).astype(np.float32),
        valid=valid_N,
        visible=record.visible,
        to_photo=affine.invert(matrix),
    )


def _box(
    sample: Sample, record: FaceRecord, valid_N: NDArray[np.bool_], crop: CropSettings
) -> NDArray[np.float64]:
    if crop.box == "provided":
        if record.box is None:
            raise BadSample(sample.id, "the data set publishes no box for it; set data.crop.box to `landmarks`")
        box = record.box
    elif crop.box == "published_square":
        if record.square is None:
            raise BadSample(sample.id, "its list gives no centre and scale; set data.crop.box to `landmarks`")
        x, y, side = record.square
        box = np.array([x - side / 2, y - side / 2, x + side / 2, y + side / 2])
    elif valid_N.any():
        box = landmark_box(record.points[valid_N])
    else:
        raise BadSample(sample.id, "no landmark has coordinates, so there is no face to cut out")
    height, width = record.image.shape[:2]
    x0, y0, x1, y1 = box
    seen = f"the box ({x0:.1f}, {y0:.1f}, {x1:.1f}, {y1:.1f}) "
    if not (np.isfinite(box).all() and x1 - x0 >= 1 and y1 - y0 >= 1):
        raise BadSample(sample.id, seen + "is degenerate; its sides must be 1 px at least: mend the annotation")
    if x1 < 0 or y1 < 0 or x0 > width - 1 or y0 > height - 1:
        raise BadSample(sample.id, seen + f"lies outside the photo of {width} × {height} px: mend the annotation")
    return box
