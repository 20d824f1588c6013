"""The COFW-68 benchmark beside COFW's test file; all faces are for testing."""

from pathlib import Path

import numpy as np
from scipy.io import savemat

from data.sources.written import cofw
from data.sources.written.made import make

LANDMARKS = "ibug68"


def write(root: Path, faces: int = 4) -> None:
    """Faces are numbered from 0, as their images are in the writer of COFW."""
    (root / "test_annotations").mkdir(parents=True)
    cofw.write_fold(root, "test", range(faces))
    made = [make(number, 68) for number in range(faces)]
    for number, face in enumerate(made, start=1):
        content = {"Points": face.points + 1, "Occ": face.hidden.astype(np.uint8)[None]}
        savemat(root / f"test_annotations/{number}_points.mat", content)
    savemat(root / "cofw68_test_bboxes.mat", {"bboxes": np.stack([cofw.box(face) for face in made])})
