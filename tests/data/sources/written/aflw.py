"""AFLW-19's table and photos, two faces to a photo; the option `train` says how many are for training."""

from pathlib import Path

import numpy as np
from scipy.io import savemat

from data.sources.written.made import make, save

LANDMARKS = "aflw19"


def write(root: Path, faces: int = 4) -> None:
    """The permutation is the rows backwards. Face 0 has all landmarks visible; face 1 a hidden one at (0, 0)."""
    made = [make(number, 19) for number in range(faces)]
    names = [f"3/image{number // 2:05d}.jpg" for number in range(faces)]
    for name in names:
        save(root / "flickr" / name, make(0, 19))
    points = np.stack([face.points for face in made])
    visible = np.stack([~face.hidden for face in made])
    visible[0] = True
    visible[1, 0] = False
    points[1, 0] = 0
    cells = np.empty((faces, 1), dtype=object)
    cells[:, 0] = names
    table = {
        "bbox": np.stack([face.box[[0, 2, 1, 3]] for face in made]),
        "data": points.transpose(0, 2, 1).reshape(faces, 38),
        "mask_new": visible.astype(np.float64),
        "nameList": cells,
        "ra": np.arange(faces, 0, -1, dtype=np.float64)[None],
    }
    savemat(root / "AFLWinfo_release.mat", table, do_compression=True)
