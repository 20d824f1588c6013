"""The small data sets that are damaged: one line for each source, and where its files of each kind lie."""

import atexit
import importlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from types import MappingProxyType
from typing import Any, NamedTuple

from facealign.data.config import DataConfig


class DataSet(NamedTuple):
    """How a data set is written and opened, and one file of each kind that it has, below its root.

    ``own`` is an annotation of one face alone, ``table`` one of many faces. Each is empty where there is none.
    """

    source: str
    landmarks: str
    writer: str
    options: Mapping[str, Any] = MappingProxyType({})
    own: str = ""
    table: str = ""
    picture: str = ""

    def settings(self, root: Path, **changes: Any) -> DataConfig:
        """Of the copy at ``root``, with small crops."""
        tree = {
            "source": self.source,
            "landmarks": self.landmarks,
            "root": str(root),
            self.source: dict(self.options),
        }
        return DataConfig.model_validate({**tree, "crop": {"size": 32}, **changes})


_WFLW = "WFLW_annotations/list_98pt_rect_attr_train_test/list_98pt_rect_attr_train.txt"
DATA_SETS = {
    data_set.source: data_set
    for data_set in [
        DataSet("300w", "ibug68", "w300", own="afw/100_1.pts", picture="afw/100_1.png"),
        DataSet(
            *("300w_lp", "ibug68", "w300_lp", {"test": ("IBUG",)}),
            own="landmarks/AFW/AFW_0_1_0_pts.mat",
            picture="AFW/AFW_0_1_0.jpg",
        ),
        DataSet("300vw", "ibug68", "w300_vw", own="410/annot/000002.pts", picture="410/imgs/000002.jpg"),
        DataSet("aflw", "aflw19", "aflw", {"train": 2}, table="AFLWinfo_release.mat"),
        DataSet("aflw2000_3d", "ibug68", "aflw2000", own="image00001.mat", picture="image00001.jpg"),
        DataSet("coco", "ibug68", "coco", table="annotations/train.json", picture="images/b/001.png"),
        DataSet("cofw", "cofw29", "cofw", table="COFW_train_color.mat"),
        DataSet("cofw68", "ibug68", "cofw68", own="test_annotations/1_points.mat", table="COFW_test_color.mat"),
        DataSet("csv", "ibug68", "csv", table="train.csv", picture="photos/b/001.png"),
        DataSet(
            *("facesynthetics", "ibug70", "facesynthetics", {"first_test": 200}),
            own="000000_ldmks.txt",
            picture="000000.png",
        ),
        DataSet(
            *("hrnet_csv", "wflw98", "hrnet_csv"),
            table="face_landmarks_300w_train.csv",
            picture="images/b/001.png",
        ),
        DataSet("lsp", "lsp14", "lsp", {"train": 2}, table="joints.mat", picture="images/im0001.jpg"),
        DataSet("lspet", "lsp14", "lspet", table="joints.mat", picture="images/im00001.jpg"),
        DataSet("menpo2d", "ibug68", "menpo2d", own="trainset/semi_000.pts", picture="trainset/semi_000.jpg"),
        DataSet(
            *("merl_rav", "ibug68", "merl_rav"),
            own="frontal/testset/image00000_1.pts",
            picture="frontal/testset/image00000_1.jpg",
        ),
        DataSet("wflw", "wflw98", "wflw", table=_WFLW),
    ]
}


@cache
def written(source: str) -> Path:
    """The undamaged data set, written once; to be copied before it is changed."""
    folder = mkdtemp(prefix="facealign-")
    atexit.register(rmtree, folder)
    root = Path(folder) / "root"
    importlib.import_module(f"data.sources.written.{DATA_SETS[source].writer}").write(root)
    return root
