"""Leeds Sports Pose; the option `train` says how many are for training."""

from pathlib import Path

import numpy as np
from scipy.io import savemat

from data.sources.written.made import make, save

LANDMARKS = "lsp14"


def write(root: Path, faces: int = 4) -> None:
    """3 × 14 × people; the third row is 1 where hidden."""
    root.mkdir(parents=True, exist_ok=True)
    people = [make(number, 14) for number in range(faces)]
    joints = np.stack([np.vstack([person.points.T + 1, person.hidden]) for person in people], axis=2)
    savemat(root / "joints.mat", {"joints": joints})
    for number, person in enumerate(people, start=1):
        save(root / f"images/im{number:04d}.jpg", person)
