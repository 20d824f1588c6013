"""The extension of Leeds Sports Pose; all people are for training."""

from pathlib import Path

import numpy as np
from scipy.io import savemat

from data.sources.written.made import make, save

LANDMARKS = "lsp14"


def write(root: Path, faces: int = 4) -> None:
    """14 × 3 × people; the third column is 1 where labeled, and other coordinates mean nothing."""
    root.mkdir(parents=True, exist_ok=True)
    people = [make(number, 14) for number in range(faces)]
    joints = np.stack([np.column_stack([person.points + 1, ~person.hidden]) for person in people], axis=2)
    savemat(root / "joints.mat", {"joints": joints})
    for number, person in enumerate(people, start=1):
        save(root / f"images/im{number:05d}.jpg", person)
