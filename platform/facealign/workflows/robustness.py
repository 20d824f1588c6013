"""``facealign robustness``: a trained model on test faces that are turned, covered, blurred, shifted, mirrored."""

from collections.abc import Sequence
from pathlib import Path

from facealign.config.device import device_named
from facealign.data.folds import fold_named
from facealign.evaluation.perturbations import PERTURBATIONS
from facealign.evaluation.robustness import RobustnessPlan, measure_robustness
from facealign.methods import METHODS
from facealign.report.robustness import write_robustness
from facealign.storage.store import Place
from facealign.workflows import workspace
from facealign.workflows.evaluate import first_normalizer, model_named, normalizer_named


def robustness(
    model: str,
    shards: Place,
    kinds: Sequence[str],
    faces: int | None,
    fold: str,
    normalizer: str | None,
    out: Path | None,
    seed: int,
) -> str:
    """Measure, and write what was found beside the method's evaluation, or into ``out``.

    Args:
        model: See ``model_named``.
        kinds: Of perturbations; none: all.
        faces: At the most; None: all of the fold.
        normalizer: None: the first that the landmarks have.

    Returns:
        A line on what was found.

    Raises:
        UserError: There is no such model, fold or data, or a perturbation or the normalizer is unknown.
    """
    if model in METHODS:
        workspace.download(workspace.trained(model).model)
        out = out or workspace.evaluated(model).metrics.parent
    found = model_named(model)
    plan = RobustnessPlan(
        kinds=tuple(kinds) or tuple(PERTURBATIONS),
        faces=faces,
        fold=fold_named(fold),
        normalizer=normalizer_named(normalizer) if normalizer else first_normalizer(found.card.faces.landmarks),
        seed=seed,
    )
    device = device_named(None)
    measured = measure_robustness(found, shards, plan, device, report_line=lambda line: print(line, flush=True))
    out = out or Path("robustness")
    write_robustness(out, measured)
    workspace.upload(out)
    return (
        f"one pixel of shift moves landmarks by {measured.shifts.pixels.mean:.2f} px of the crop "
        f"({measured.shifts.share.mean:.2%} of the {measured.normalizer} distance) after undoing it, mirroring by "
        f"{measured.flip.share.mean:.2%}; wrote {out}/robustness.json, .csv and .png"
    )
