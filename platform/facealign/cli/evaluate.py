"""A trained model measured on other faces than those it was trained beside."""

from pathlib import Path

from facealign.cli.measured import PARTS, check_name, keep
from facealign.cli.model import model_named
from facealign.cli.params import load_params
from facealign.data.folds import fold_named
from facealign.data.shards.index import Index
from facealign.data.shards.store import Place
from facealign.report.evaluation import evaluate


def evaluate_elsewhere(model: str, shards: Place, fold: str, name: str | None, params: Path) -> str:
    """Measure a model on a fold of prepared faces.

    Args:
        model: See ``model_named``.
        shards: Of the kind of faces that the model was trained on: the same crop and landmarks.
        fold: ``train``, ``val`` or ``test``.
        name: Of the result's folder; None: ``METHOD-on-SOURCE``.
        params: The settings file, for ``evaluation``.

    Returns:
        One line for the screen.

    Raises:
        UserError: There is no such model, fold or data, or the faces are of another kind.
    """
    known_fold, config = fold_named(fold), load_params(params).evaluation
    trained = model_named(model)
    source = Index.load(shards).source.name
    called = check_name(name if name is not None else f"{trained.card.job.method}-on-{source}")
    measured = evaluate(trained, shards, known_fold, config)
    about = {
        "model": model,
        "config_hash": trained.card.config_hash,
        "trained_on": trained.card.job.data_digest,
        "shards": str(shards),
        "source": source,
    }
    return keep(called, PARTS[known_fold], measured, config, about)
