"""Measured faces that no network has looked at."""

import numpy as np

from facealign.data.shards.row import Labels
from facealign.evaluation.face_predictions import FacePredictions
from facealign.geometry import load_schema
from facealign.geometry.schema import load_schema_file
from facealign.training.predictions import Predictions

CROP_TO_PHOTO = np.array([[1.5, 0.0, 40.0], [0.0, 1.5, 30.0]])


def measured_faces(
    count=12, schema="ibug68", spread=4.0, seed=0, subsets=("common", "challenging"), attributes=("blur", "pose")
):
    """Typical faces a little uneven, with landmarks off by a normal error, two faces to a photo, subsets in turn.

    A face has the first attribute if its number is even, the second if it can be divided by 3.
    """
    rng = np.random.default_rng(seed)
    names = [f"test/{i:03d}" for i in range(count)]
    layout = 100 * np.array(load_schema_file(schema).layout) + 50
    truth = layout + rng.normal(size=(count, *layout.shape))
    errors = rng.normal(size=truth.shape) * spread * rng.uniform(0.1, 2, (count, 1, 1))
    found = Predictions(
        truth + errors,
        truth,
        np.ones(truth.shape[:2], dtype=np.bool_),
        np.repeat(CROP_TO_PHOTO[None], count, axis=0),
        tuple(names),
        np.ones(truth.shape[:2], dtype=np.bool_),
    )
    labels = tuple(
        Labels(
            id=name,
            subset=subsets[i % len(subsets)],
            photo=f"photo {i // 2}",
            attributes=tuple(name for name, every in zip(attributes, (2, 3), strict=False) if i % every == 0),
        )
        for i, name in enumerate(names)
    )
    return FacePredictions(found, labels, load_schema(schema), "a1b2")
