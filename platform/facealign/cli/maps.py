"""A trained network's maps on one sheet, for the eye."""

from pathlib import Path

from facealign.cli.model import model_named
from facealign.data.folds import fold_named
from facealign.data.shards.store import Place
from facealign.report.faces import save_png
from facealign.report.maps import sheet_of_maps


def draw_maps(model: str, shards: Place, fold: str, count: int, out: Path) -> None:
    """Draw what a trained model sees in ``count`` faces of a fold.

    Args:
        model: See ``model_named``.

    Raises:
        UserError: There is no such model, fold or data, or the method makes no maps.
    """
    known_fold = fold_named(fold)
    save_png(out, sheet_of_maps(model_named(model), shards, known_fold, count))
