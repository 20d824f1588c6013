"""Computes all metrics of a fold, each with its interval, from the predictions on its faces.

docs/reference/metrics.md defines them. A metric is a list of three, its value and the two ends of its 95 %
interval, all of them fractions; ``dvc metrics`` passes over lists, so that its table stays one that can be read.
"""

import re
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from facealign.evaluation.config import EvaluationConfig
from facealign.evaluation.consistency import require_consistency
from facealign.evaluation.evaluate import Evaluation
from facealign.evaluation.face_errors import FaceErrors, face_errors
from facealign.evaluation.face_predictions import FacePredictions
from facealign.metrics import Quotient, estimate, face_means, groups_of, pck, summarize
from facealign.metrics.pck import correct_joints

Metrics = dict[str, Any]
"""Plain values, as JSON has them; see ``compute_metrics``."""

_Quotients = dict[str, Quotient]
_NOT_IN_NAMES = re.compile(r"[^\w\- ]")


def compute_metrics(faces: FacePredictions, config: EvaluationConfig, errors: FaceErrors | None = None) -> Metrics:
    """Compute all metrics of a fold, each with its interval.

    Args:
        faces: At least one.
        config: What errors are divided by, which landmarks count, and the thresholds of FR and AUC.
        errors: Of these faces by this configuration, where they have been measured already.

    Returns:
        - ``full``: metrics of all faces by name, and how many ``faces`` there are;
        - ``subsets``: likewise by official subset, where there are several; they share out the faces;
        - ``attributes``: likewise by yes/no label, of the faces that have it; they overlap;
        - ``edges``: the directed metrics by edge of the schema;
        - ``landmarks``: the mean error of each landmark, None where no face shows it;
        - ``joints``: PCK of each joint of a body, likewise;
        - ``complete``: whether every landmark of every face counted;
        - ``unmeasured``: why a normalizer of the schema is missing, by its name.

    Raises:
        UserError: The chosen normalizer cannot be measured, or a face has no landmark that counts.
        InconsistentMetrics: The metrics contradict each other.
    """
    errors = errors or face_errors(faces, config)
    quotients = _of_faces(faces, errors, config)
    photos = np.array([labels.photo for labels in faces.labels])
    subsets = groups_of([labels.subset for labels in faces.labels])
    names = sorted({name for labels in faces.labels for name in labels.attributes})
    attributes = {name: np.array([name in labels.attributes for labels in faces.labels]) for name in names}
    metrics: Metrics = {
        "full": _of_set(quotients, photos, np.ones(len(photos), dtype=np.bool_)),
        "subsets": {name: _of_set(quotients, photos, mask) for name, mask in subsets.items() if len(subsets) > 1},
        "attributes": {name: _of_set(quotients, photos, mask) for name, mask in attributes.items()},
        "edges": _of_edges(faces, errors, photos),
        "landmarks": _of_landmarks(errors.errors.overall, errors.counted, photos),
        "complete": [bool(errors.counted.all())],
        "unmeasured": dict(errors.unmeasured),
    }
    if faces.schema.normalizers.torso is not None:
        correct_FN = _correct(faces, config)
        metrics["joints"] = _of_landmarks(correct_FN.astype(np.float64), faces.found.valid, photos)
    require_consistency(metrics, errors.chosen)
    return metrics


def flat(metrics: Metrics) -> dict[str, float]:
    """The metrics of all faces and of each subset by flat name, as MLflow takes them.

    ``nme``, ``nme_low``, ``nme_high``, ``fr_8``, …; below a subset's or an attribute's name: ``common/nme``.
    What MLflow does not take in a name is ``_``.
    """
    parts = {"": metrics["full"]} | {
        f"{_NOT_IN_NAMES.sub('_', name)}/": part
        for kind in ("subsets", "attributes")
        for name, part in metrics[kind].items()
    }
    found: dict[str, float] = {}
    for prefix, part in parts.items():
        for name, value in part.items():
            if isinstance(value, list):
                found |= dict(zip((f"{prefix}{name}{end}" for end in ("", "_low", "_high")), value, strict=True))
            else:
                found[f"{prefix}{name}"] = float(value)
    return found


def _of_faces(faces: FacePredictions, measured: FaceErrors, config: EvaluationConfig) -> _Quotients:
    """Compute what each face contributes to each metric of a set of faces."""
    nme_F = measured.chosen
    quotients = {"nme": Quotient.mean(nme_F)}
    quotients |= {f"nme_{name}": Quotient.mean(values_F) for name, values_F in measured.nme.items()}
    for threshold in config.all_thresholds:
        name = f"{100 * threshold:g}"
        quotients[f"fr_{name}"] = Quotient.mean((nme_F > threshold).astype(np.float64))
        quotients[f"auc_{name}"] = Quotient.mean(1 - np.minimum(nme_F, threshold) / threshold)
    quotients |= _directed(measured, slice(None))
    quotients |= _by_visibility(faces, measured)
    if faces.schema.normalizers.torso is not None:
        correct_FN, valid_FN = _correct(faces, config), faces.found.valid
        quotients["pck"] = Quotient(correct_FN.sum(axis=1), valid_FN.sum(axis=1))
    return quotients


def _directed(measured: FaceErrors, landmarks: Any) -> _Quotients:
    """Errors whole, across and along the edges, over the landmarks that have a direction (ADNet, Eqs. 12, 14)."""
    errors = measured.errors
    counts_FN = (errors.known & measured.counted)[:, landmarks]
    (whole_F, has_F), (normal_F, _), (tangent_F, _) = (
        face_means(part[:, landmarks], counts_FN) for part in (errors.overall, errors.across, errors.along)
    )
    return {
        "edge_nme": Quotient(whole_F, has_F),
        "normal_nme": Quotient(normal_F, has_F),
        "tangent_nme": Quotient(tangent_F, has_F),
        "bias_rate": Quotient(tangent_F - normal_F, normal_F),
    }


def _by_visibility(faces: FacePredictions, measured: FaceErrors) -> _Quotients:
    """NME over the visible and over the hidden landmarks, where the data set tells them apart."""
    valid_FN, seen_FN = faces.found.valid, faces.found.seen
    if not (valid_FN & ~seen_FN).any():
        return {}
    return {
        "nme_visible": Quotient(*face_means(measured.errors.overall, valid_FN & seen_FN)),
        "nme_hidden": Quotient(*face_means(measured.errors.overall, valid_FN & ~seen_FN)),
    }


def _of_edges(faces: FacePredictions, measured: FaceErrors, photos: NDArray[np.str_]) -> Metrics:
    edges: Metrics = {}
    for edge in faces.schema.edges:
        landmarks = list(edge.indices)
        mean = Quotient(*face_means(measured.errors.overall[:, landmarks], measured.counted[:, landmarks]))
        edges[edge.name] = _estimated({"nme": mean} | _directed(measured, landmarks), photos)
    return edges


def _of_landmarks(
    values_FN: NDArray[np.float64], counts_FN: NDArray[np.bool_], photos: NDArray[np.str_]
) -> list[list[float] | None]:
    columns = range(values_FN.shape[1])
    quotients = {
        str(i): Quotient(np.where(counts_FN[:, i], values_FN[:, i], 0.0), counts_FN[:, i]) for i in columns
    }
    found = _estimated(quotients, photos)
    return [found.get(str(i)) for i in columns]


def _of_set(quotients: _Quotients, photos: NDArray[np.str_], faces_F: NDArray[np.bool_]) -> Metrics:
    of_these = {name: Quotient(one.above[faces_F], one.below[faces_F]) for name, one in quotients.items()}
    return {"faces": int(faces_F.sum())} | _estimated(of_these, photos[faces_F])


def _estimated(quotients: _Quotients, photos: NDArray[np.str_]) -> Metrics:
    """Metrics that have nothing below the line are left out."""
    measurable = {name: one for name, one in quotients.items() if one.below.sum() > 0}
    return {name: list(one) for name, one in estimate(measurable, photos.tolist()).items()}


def _correct(faces: FacePredictions, config: EvaluationConfig) -> NDArray[np.bool_]:
    found = faces.found
    return correct_joints(found.predicted, found.truth, found.valid, faces.schema, config.pck_threshold, found.ids)


# What ``evaluation.json`` holds: the metrics that tables compare as numbers, and all of them with intervals.


Part = Literal["train", "validation", "test"]


def evaluation_file(folds: Mapping[Part, Evaluation], config: EvaluationConfig) -> dict[str, Any]:
    """The content of the file.

    Returns:
        - how errors were measured: ``normalizer``, ``landmarks``, ``failure_threshold``;
        - ``validation``, ``test``: ``nme``, ``median``, ``failure_rate``, ``auc``, ``faces``, and of bodies
          ``pck`` and ``pck_joint_0`` …;
        - ``mean_shape``, ``validation_mean_shape``: likewise, of the mean shape;
        - ``subsets``: likewise, of the official subsets of the test fold;
        - ``figures``: by fold, see ``compute_metrics``.

    Raises:
        InconsistentMetrics: Metrics contradict each other.
    """
    content: dict[str, Any] = {
        "normalizer": config.normalizer,
        "landmarks": config.landmarks,
        "failure_threshold": config.failure_threshold,
    }
    for fold, measured in folds.items():
        content[fold] = _headline(measured.errors, config) | _joints(measured, config)
        if measured.mean_shape_errors is not None:
            name = "mean_shape" if fold == "test" else f"{fold}_mean_shape"
            content[name] = _headline(measured.mean_shape_errors, config)
    if test := folds.get("test"):
        subsets = groups_of([labels.subset for labels in test.faces.labels])
        content["subsets"] = {name: _headline(test.errors[mask], config) for name, mask in subsets.items()}
    content["figures"] = {
        fold: compute_metrics(measured.faces, config, measured.measured) for fold, measured in folds.items()
    }
    return content


def _headline(errors: NDArray[np.float64], config: EvaluationConfig) -> dict[str, float]:
    summary = summarize(errors, (config.failure_threshold,))
    return {
        "nme": summary.nme,
        "median": summary.median,
        "failure_rate": summary.failure_rate[config.failure_threshold],
        "auc": summary.auc[config.failure_threshold],
        "faces": summary.faces,
    }


def _joints(measured: Evaluation, config: EvaluationConfig) -> dict[str, float]:
    """PCK over all joints and of each, of a body; nothing of a face."""
    found, schema = measured.faces.found, measured.faces.schema
    if schema.normalizers.torso is None:
        return {}
    return pck(found.predicted, found.truth, found.valid, schema, config.pck_threshold, found.ids).metrics()
