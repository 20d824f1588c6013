"""Crops a face of a photo for the shards."""

import numpy as np
from numpy.typing import NDArray

from facealign.data.preparing.checks import check_record
from facealign.data.preparing.warp import warp
from facealign.data.record import BadSample, FaceRecord
from facealign.data.shards.row import Labels, StoredFace, encode_crop
from facealign.data.shards.settings import ShardSettings
from facealign.data.sources.base import Sample
from facealign.geometry import CropSettings, LandmarkSchema, affine, landmark_box, stored_crop, unusable


def cut_face(
    sample: Sample, record: FaceRecord, schema: LandmarkSchema, crop: CropSettings, shards: ShardSettings
) -> StoredFace:
    """Cut a face by the crop rule and encode it.

    Raises:
        BadSample: As ``check_record`` and ``face_box`` say.
    """
    check_record(sample.id, record, schema)
    valid_N = np.asarray(np.isfinite(record.points).all(axis=1))
    matrix = stored_crop(face_box(sample, record, crop), crop)
    stored_N2 = affine.apply(matrix, np.where(valid_N[:, None], record.points, 0.0))
    image = warp(record.image, matrix, crop.stored_size)
    return StoredFace(
        labels=Labels(
            id=sample.id,
            subset=sample.subset,
            photo=sample.photo,
            attributes=tuple(sorted(name for name, value in record.attributes.items() if value)),
        ),
        encoded=encode_crop(image, shards),
        points=np.where(valid_N[:, None], stored_N2, 0.0).astype(np.float32),
        valid=valid_N,
        visible=record.visible,
        to_photo=affine.invert(matrix),
        raw_side=crop.stored_size if shards.encoding == "raw" else None,
    )


def face_box(sample: Sample, record: FaceRecord, crop: CropSettings) -> NDArray[np.float64]:
    """The box (x0, y0, x1, y1), photo pixels, that the crop rule follows; at least one landmark is known.

    Raises:
        BadSample: The box that the rule needs is missing, degenerate, or outside the photo.
    """
    if crop.box == "provided":
        if record.box is None:
            raise BadSample(sample.id, "the data set publishes no box for it; set data.crop.box to `landmarks`")
        box = record.box
    elif crop.box == "published_square":
        if record.square is None:
            raise BadSample(sample.id, "its list gives no center and scale; set data.crop.box to `landmarks`")
        x, y, side = record.square.tolist()
        box = np.array([x - side / 2, y - side / 2, x + side / 2, y + side / 2])
    else:
        box = landmark_box(record.points[np.isfinite(record.points).all(axis=1)])
    height, width = record.image.shape[:2]
    if reason := unusable(box, width, height):
        raise BadSample(sample.id, f"{reason}: fix the annotation")
    return box
