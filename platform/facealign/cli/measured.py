"""What is measured outside the pipeline, in a folder of its name."""

import re
from typing import Any

from facealign.cli import home, paths
from facealign.cli.json_file import write_json
from facealign.config import UserError
from facealign.data.folds import Fold
from facealign.report.config import EvaluationConfig
from facealign.report.evaluation import Evaluation
from facealign.report.evaluation_file import Part, evaluation_file

PARTS: dict[Fold, Part] = {"train": "train", "val": "validation", "test": "test"}
"""What files and figures call the folds."""

_NAME = re.compile(r"\w[\w.\- ]*")


def check_name(name: str) -> str:
    """The name, which becomes a folder's.

    Raises:
        UserError: It is no plain name.
    """
    if not _NAME.fullmatch(name):
        raise UserError(f"--name {name!r}: a plain name is needed: letters, digits, `_`, `-`, `.` and blanks")
    return name


def keep(name: str, part: Part, measured: Evaluation, config: EvaluationConfig, about: dict[str, Any]) -> str:
    """Write ``evaluation.json`` and the measured faces.

    Args:
        name: Of the folder.
        part: Which fold it was.
        measured: What to write.
        config: How it was measured.
        about: Of what and on what; stands in the file under ``about``.

    Returns:
        One line for the screen.
    """
    content = evaluation_file({part: measured}, config)
    content["about"] = {"name": name, "fold": part, "data_digest": measured.faces.data_digest, **about}
    places = paths.measured(name)
    measured.faces.write(places.figures.with_name(f"{part}.arrow"))
    write_json(places.figures, content)
    home.deliver(places.figures.parent)
    value, low, high = content["figures"][part]["full"]["nme"]
    return (
        f"{name}: NME {value:.2%} (95 % interval {low:.2%} to {high:.2%}, {config.normaliser}) over "
        f"{len(measured.errors)} faces; written to {places.figures.parent}"
    )
