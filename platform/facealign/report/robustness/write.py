"""``robustness.json``, ``robustness.csv`` and ``robustness.png``."""

from pathlib import Path

from facealign.config import UserError
from facealign.report.csvplots import write_csv
from facealign.report.page import png_of, write_whole
from facealign.report.robustness.pictures import robustness_picture
from facealign.report.robustness.result import Robustness

FILE = "robustness.json"


def write_robustness(folder: Path, found: Robustness) -> None:
    """Write the three files into ``folder``, which is made; the JSON comes last.

    The table has a row for each perturbation and strength; the first is ``none``, the faces as they are.
    """
    header = ["kind", "strength", "nme", "nme_low", "nme_high", "rise", "rise_low", "rise_high", "failure_rate"]
    rows: list[list[str | float]] = [
        ["none", 0.0, found.plain.mean, *found.plain.interval, 0.0, 0.0, 0.0, found.plain_failure_rate]
    ]
    for kind, points in found.curves.items():
        for one in points:
            errors = [one.nme.mean, *one.nme.interval, one.rise.mean, *one.rise.interval]
            rows.append([kind, one.strength, *errors, one.failure_rate])
    write_csv(folder / "robustness.csv", header, rows)
    if found.curves:
        write_whole(folder / "robustness.png", png_of(robustness_picture({found.method: found})))
    write_whole(folder / FILE, (found.model_dump_json(indent=2) + "\n").encode())


def read_robustness(folder: Path) -> Robustness | None:
    """What ``write_robustness`` wrote; None where it wrote nothing.

    Raises:
        UserError: The file is not of this form.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        return Robustness.model_validate_json(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{path}: is no measurement of robustness ({error}); measure it again") from None
