"""AFLW2000-3D: the first 2000 faces of AFLW, with a 3D face model fitted to each; a test set.

Zhu et al., "Face Alignment Across Large Poses: A 3D Solution" (CVPR 2016). A folder (``AFLW2000`` in the
archive) of 450 × 450 images ``image00002.jpg``, each with a MATLAB 5 file of the same name beside it:

- ``pt3d_68`` (3 × 68): the fitted model's iBUG landmarks. Rows x and y are pixels of the image, 1-based: they
  come from MATLAB, where the model's upward axis is turned with ``height + 1 − y`` (as the public code of 3DDFA
  still does). Landmarks on the far side of the face are where the model has them, behind the face, and not on
  its outline as in 300-W.
- ``Pose_Para`` (1 × 7): pitch, yaw and roll in radians, then translation and scale.
- ``pt2d`` (2 × 21): the landmarks of AFLW that annotators clicked, −1 where they saw none. Sixteen of them have
  a counterpart among the 68 (their median distance is 1 to 3 % of the face's diagonal); those are marked hidden
  where AFLW has none. Nothing is known of the other 52. A few files have another number of columns, whose
  meaning is not known, and there nothing is marked.
- ``roi`` (1 × 4): which square of AFLW's photo the image was cut from. It is no box of the face in the
  image, so no box is given.

Results are reported by absolute yaw: 0–30° (1306 faces), 30–60° (462) and 60–90° (232).
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from facealign.data.record import BadSample, FaceRecord
from facealign.data.sources.base import SOURCES, Sample, Source
from facealign.data.sources.files import IMAGE_SUFFIXES, files_by_stem, image_and, not_found, unpacked_below
from facealign.data.sources.matlab import read_mat5

_AFLW = [0, 1, 2, 3, 4, 5, 6, 8, 9, 11, 13, 14, 15, 17, 19, 20]
_IBUG = [17, 19, 21, 22, 24, 26, 36, 39, 42, 45, 31, 30, 35, 48, 54, 8]
"""The landmarks that are the same: brow ends and middles, eye corners, nose sides and tip, mouth corners, chin."""
_YAW_BINS = {"yaw 0-30": (0.0, 30.0), "yaw 30-60": (30.0, 60.0), "yaw 60-90": (60.0, np.inf)}


@SOURCES.register("aflw2000_3d")
class Aflw2000(Source):
    """AFLW2000-3D, a test set; the yaw bins are attributes."""

    schemas = ("ibug68",)

    def samples(self) -> Iterator[Sample]:
        """One sample for each name that has an image, a ``.mat``, or both."""
        root = unpacked_below(self.folder(), ("AFLW2000", "AFLW2000-3D"))
        below = "" if root == self.root else root.name
        faces = files_by_stem(self.folder(), below, (*IMAGE_SUFFIXES, ".mat"))
        if not any(name.lower().endswith(".mat") for names in faces.values() for name in names):
            raise not_found(root, "AFLW2000-3D has images with a .mat beside each; set data.root to their folder")
        for stem, files in faces.items():
            yield Sample(id=stem, fold="test", subset="aflw2000-3d", photo=stem, files=files)

    def load(self, sample: Sample) -> FaceRecord:
        """The image with the fitted landmarks, moved from 1-based pixels to 0-based ones."""
        from facealign.data.images import read_photo  # OpenCV: settings are read without it

        picture, annotation = image_and(sample, ".mat")
        mat = read_mat5(
            self.path(annotation), annotation, {"pt3d_68": (3, 68), "Pose_Para": (1, 7)}, {"pt2d": (2, None)}
        )
        yaw = float(np.degrees(mat["Pose_Para"][0, 1]))
        if not np.isfinite(yaw):
            raise BadSample(annotation, f"Pose_Para has a yaw of {yaw}; it should be an angle in radians")
        points_N2 = mat["pt3d_68"][:2].T - 1.0
        if not np.isfinite(points_N2).all():
            raise BadSample(annotation, "pt3d_68 holds a coordinate that is not finite; fetch it again")
        return FaceRecord(
            image=read_photo(self.path(picture), picture),
            points=points_N2,
            visible=_visible(mat.get("pt2d")),
            attributes=yaw_attributes(yaw),
        )


def yaw_attributes(yaw: float) -> dict[str, bool]:
    """Which bin an angle, in degrees, falls into; a bin holds its upper end. Past 90° is the last one."""
    return {name: low < abs(yaw) <= high or (low == 0.0 and yaw == 0.0) for name, (low, high) in _YAW_BINS.items()}


def _visible(aflw_2M: NDArray[np.float64] | None) -> NDArray[np.bool_]:
    visible_N = np.ones(68, dtype=np.bool_)
    if aflw_2M is not None and aflw_2M.shape == (2, 21):
        seen_M = (aflw_2M != -1).all(axis=0)
        visible_N[_IBUG] = seen_M[_AFLW]
    return visible_N
