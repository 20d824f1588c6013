"""The sets of faces on which a candidate must not be worse."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from facealign.data.shards.row import Labels
from facealign.metrics import groups_of


def gate_groups(labels: Sequence[Labels]) -> dict[str, NDArray[np.bool_]]:
    """(F,) masks by name: the data set's subsets, and its attributes, which may overlap (WFLW's blur, pose …).

    What all faces are in is left out: it is what the gate looks at anyway.
    """
    groups = {f"subset {name}": mask for name, mask in groups_of([face.subset for face in labels]).items()}
    for attribute in sorted({name for face in labels for name in face.attributes}):
        groups[f"attribute {attribute}"] = np.array([attribute in face.attributes for face in labels])
    return {name: mask for name, mask in groups.items() if not mask.all()}
