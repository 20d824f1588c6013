"""Data sets of images with a ``.pts`` of iBUG beside each."""

import numpy as np

from facealign.data.record import FaceRecord
from facealign.data.sources.base import Sample, Source
from facealign.data.sources.files import image_and
from facealign.data.sources.pts import read_pts
from facealign.geometry import load_schema


class PtsSource(Source):
    """Loads a sample that is made of two files; which samples there are is the data set's own affair."""

    def load(self, sample: Sample) -> FaceRecord:
        """The photo and its landmarks, moved from iBUG's 1-based pixels to 0-based ones."""
        from facealign.data.images import read_photo  # OpenCV: settings are read without it

        picture, annotation = image_and(sample, ".pts")
        schema = load_schema(self.schema)
        points_N2 = read_pts(self.path(annotation), annotation, schema) - 1.0
        return FaceRecord(
            image=read_photo(self.path(picture), picture),
            points=points_N2,
            visible=np.ones(schema.size, dtype=np.bool_),
        )
