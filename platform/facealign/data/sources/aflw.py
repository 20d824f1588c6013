"""AFLW-19: AFLW (Köstinger et al., ICCV-W 2011), with the 19 landmarks of Zhu et al. (CVPR 2016).

24 386 faces: 20 000 for training, 4386 for testing ("full"). The table ``AFLWinfo_release.mat`` (MATLAB, version
5) gives for each: ``nameList``, the photo; ``bbox``, x0, x1, y0, y1; ``data``, 19 x then 19 y; ``mask_new``, 1
where a landmark is visible. ``ra`` is a 1-based permutation of the rows, the training faces first. Hidden
landmarks have coordinates, and published errors count them; in tables that write a hidden landmark as (0, 0) it
is unknown.

"Frontal" are the test faces all of whose landmarks are visible: papers say 1314, some descriptions 1165.
They are a subset of their own here, so one evaluation reports both.

Coordinates are taken as 0-based, as HRNet and what followed it take them; the table does not say. The
permutation is of faces: a photo with several may have some in either fold, as published.
"""

from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from facealign.config import Settings, UserError, printable
from facealign.data.record import BadSample, FaceRecord
from facealign.data.sources.base import SOURCES, Sample, Source
from facealign.data.sources.files import not_found
from facealign.data.sources.listing import as_line, file_name, from_line
from facealign.data.sources.matlab import read_mat5, read_mat5_texts

_LANDMARKS = 19


@SOURCES.register("aflw")
class AFLW(Source):
    """AFLWinfo_release.mat, and beside it AFLW's folder of photos."""

    class Config(Settings):
        """Options of the source ``aflw``: the table, the photos, and the folds."""

        table: str = Field(default="AFLWinfo_release.mat", description="the table, below the root")
        images: str = Field(
            default="flickr", description="folder that the table's names are below, below the root"
        )
        train: int = Field(
            default=20000, ge=1, description="faces for training: the first of the permutation `ra`"
        )
        split: Literal["full", "frontal"] = Field(
            default="full", description="test faces: all, or those all of whose landmarks are visible"
        )

    schemas = ("aflw19",)

    def samples(self) -> Iterator[Sample]:
        """One sample for each face of the table, the test faces first."""
        root = self.folder()
        table = self.path(self.config.table)
        if not table.is_file():
            raise not_found(root, f"AFLW-19 is the table {self.config.table} (set data.aflw.table), and photos")
        place = str(table)
        names = read_mat5_texts(table, place, "nameList")
        count = len(names)
        shapes = {"bbox": (count, 4), "data": (count, 2 * _LANDMARKS), "mask_new": (count, _LANDMARKS)}
        columns = read_mat5(table, place, {**shapes, "ra": (None, None)})
        order = _permutation(columns["ra"], count, place)
        if self.config.train >= count:
            raise UserError(
                f"{place}: holds {count} faces, and data.aflw.train takes the first {self.config.train} for "
                "training, which leaves none for testing; the published table has 24386"
            )
        is_training = np.zeros(count, dtype=np.bool_)
        is_training[order[: self.config.train]] = True
        is_frontal = (columns["mask_new"] == 1).all(axis=1)
        kept = is_training | is_frontal | (self.config.split == "full")
        for fold in ("test", "train"):
            for i in np.flatnonzero(kept & (is_training == (fold == "train"))).tolist():
                yield Sample(
                    id=f"{fold}/{i + 1:06d}",
                    fold=fold,
                    subset="frontal" if is_frontal[i] else "other",
                    photo=printable(names[i]) or f"row {i + 1}",
                    files=(f"{self.config.images}/{names[i]}",) if names[i].isprintable() else (),
                    row=i + 1,
                    line=as_line(
                        {
                            "name": names[i],
                            "box": columns["bbox"][i].tolist(),
                            "data": columns["data"][i].tolist(),
                            "mask": columns["mask_new"][i].tolist(),
                        }
                    ),
                )

    def load(self, sample: Sample) -> FaceRecord:
        """The photo, its landmarks and box."""
        from facealign.data.images import read_photo  # OpenCV: settings are read without it

        place = f"{self.config.table}:{sample.row}"
        row = from_line(sample.line)
        name = f"{self.config.images}/{file_name(row['name'], place)}"
        x_N, y_N = np.array(row["data"]).reshape(2, _LANDMARKS)
        visible_N = np.array(row["mask"]) == 1
        x0, x1, y0, y1 = row["box"]
        return FaceRecord(
            image=read_photo(self.path(name), name),
            points=_known(np.stack([x_N, y_N], axis=1), visible_N, place),
            visible=visible_N,
            box=np.array([x0, y0, x1, y1]),
        )


def _permutation(ra: NDArray[np.float64], count: int, place: str) -> NDArray[np.intp]:
    order = ra.ravel()
    if not np.array_equal(np.sort(order), np.arange(1, count + 1)):
        raise UserError(
            f"{place}: ra is not a permutation of 1…{count}, the rows of nameList; fetch the file again"
        )
    return order.astype(np.intp) - 1


def _known(points_N2: NDArray[np.float64], visible_N: NDArray[np.bool_], place: str) -> NDArray[np.float64]:
    """Hidden landmarks that are written as (0, 0) become NaN."""
    points_N2 = np.where((~visible_N & (points_N2 == 0).all(axis=1))[:, None], np.nan, points_N2)
    wrong = np.flatnonzero(visible_N & ~np.isfinite(points_N2).all(axis=1))
    if wrong.size:
        raise BadSample(place, f"landmark {wrong[0]} is visible and has no finite coordinates; fix the table")
    return points_N2
