"""Folders of measured faces, as an evaluation and as `facealign score` leave them."""

import json
from dataclasses import replace

import numpy as np

from facealign.data.shards.reader import ShardReader
from facealign.evaluation.face_predictions import FacePredictions
from facealign.geometry import affine
from facealign.metrics import directed_nme, mean_interval, nme
from facealign.training import Predictions

NAMES = {"nme": "overall", "normal_nme": "normal", "tangent_nme": "tangent", "bias_rate": "bias_rate"}


def measured_faces(shards, spread, seed, faces=6):
    """Faces of the test fold, with landmarks that are off by chance, `spread` of a crop's pixel on average."""
    reader = ShardReader(shards, "test")
    rng = np.random.default_rng(seed)
    stored = [reader[row] for row in range(faces)]
    truth = np.stack([affine.apply(face.to_photo, face.points) for face in stored])
    matrices = np.stack([face.to_photo for face in stored])
    scale = np.sqrt(np.abs(np.linalg.det(matrices[:, :, :2])))[:, None, None]
    predicted = truth + rng.normal(scale=spread, size=truth.shape) * scale
    valid = np.stack([face.valid for face in stored])
    labels = tuple(face.labels for face in stored)
    found = Predictions(predicted, truth, valid, matrices, tuple(one.id for one in labels))
    return FacePredictions(found, labels, reader.index.landmarks, reader.index.digest)


def metrics(faces, errors):
    """The part of the metrics that a report shows, with intervals."""
    low, high = mean_interval(errors)
    found, schema = faces.found, faces.schema

    def directed(landmarks):
        one = directed_nme(found.predicted, found.truth, found.valid, schema, "inter_ocular", landmarks)
        return {name: [getattr(one, part)] * 3 for name, part in NAMES.items()}

    full = {"faces": len(errors), **directed(None), "nme": [float(errors.mean()), float(low), float(high)]}
    full |= {
        "fr_10": [float((errors > 0.1).mean())] * 3,
        "auc_10": [float((1 - np.minimum(errors, 0.1) / 0.1).mean())] * 3,
    }
    return {
        "full": full,
        "subsets": {},
        "attributes": {"glasses": full},
        "edges": {edge.name: directed(edge.indices) for edge in schema.edges},
        "landmarks": [[float(value)] * 3 for value in np.linspace(0.01, 0.05, schema.size)],
    }


def write_run(folder, shards, spread, seed, faces=6, hidden=()):
    """``test.arrow`` and ``evaluation.json``; landmarks ``hidden`` on the first three faces do not count."""
    measured = measured_faces(shards, spread, seed, faces)
    seen = np.ones_like(measured.found.valid)
    seen[:3, list(hidden)] = False
    measured = replace(measured, found=replace(measured.found, visible=seen))
    found = measured.found
    errors = nme(found.predicted, found.truth, found.valid & seen, measured.schema, "inter_ocular")
    measured.write(folder / "test.arrow")
    evaluation = {
        "normalizer": "inter_ocular",
        "failure_threshold": 0.1,
        "landmarks": "visible" if hidden else "known",
        "mean_shape": {"nme": 0.2},
        "figures": {"test": metrics(measured, errors)},
    }
    (folder / "evaluation.json").write_text(json.dumps(evaluation))
    return measured, errors
