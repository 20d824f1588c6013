"""What ``evaluation.json`` holds: the figures that tables compare as numbers, and all of them with intervals."""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from facealign.metrics import groups_of, pck, summarise
from facealign.report.config import EvaluationConfig
from facealign.report.evaluation import Evaluation
from facealign.report.figures import figures_of

Part = Literal["train", "validation", "test"]


def evaluation_file(folds: Mapping[Part, Evaluation], config: EvaluationConfig) -> dict[str, Any]:
    """The content of the file.

    Returns:
        - how errors were measured: ``normaliser``, ``landmarks``, ``failure_threshold``;
        - ``validation``, ``test``: ``nme``, ``median``, ``failure_rate``, ``auc``, ``faces``, and of bodies
          ``pck`` and ``pck_joint_0`` …;
        - ``mean_shape``, ``validation_mean_shape``: likewise, of the mean shape;
        - ``subsets``: likewise, of the official subsets of the test fold;
        - ``figures``: by fold, see ``figures_of``.

    Raises:
        BrokenIdentity: Figures contradict each other.
    """
    content: dict[str, Any] = {
        "normaliser": config.normaliser,
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
        fold: figures_of(measured.faces, config, measured.measured) for fold, measured in folds.items()
    }
    return content


def _headline(errors: NDArray[np.float64], config: EvaluationConfig) -> dict[str, float]:
    summary = summarise(errors, (config.failure_threshold,))
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
    if schema.normalisers.torso is None:
        return {}
    return pck(found.predicted, found.truth, found.valid, schema, config.pck_threshold, found.ids).metrics()
