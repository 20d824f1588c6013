"""Samples that cannot be used: each is reported with its reason, and too many are a failure."""

import csv
import io
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields

from facealign.config import UserError
from facealign.storage.store import Store

REPORT_FILE = "quarantine.csv"


@dataclass(frozen=True)
class Quarantined:
    """A sample that was left out: its id, the file (and line) at fault, and the reason."""

    id: str
    place: str
    reason: str


def write_report(store: Store, quarantined: Sequence[Quarantined]) -> str:
    """Write ``quarantine.csv``, a row for each sample, none where all were good; returns its address."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([field.name for field in fields(Quarantined)])
    writer.writerows(astuple(one) for one in quarantined)
    store.write(REPORT_FILE, text.getvalue().encode())
    return store.at(REPORT_FILE)


def check_share(quarantined: Sequence[Quarantined], samples: int, allowed: float, report: str) -> None:
    """Refuse a data set of which too much is unusable.

    Raises:
        UserError: More than ``allowed`` of the samples are quarantined.
    """
    share = len(quarantined) / samples
    if share > allowed:
        first = "\n".join(f"  {one.place}: {one.reason}" for one in quarantined[:3])
        raise UserError(
            f"{len(quarantined)} of {samples} samples ({share:.1%}) cannot be used, data.max_quarantined allows "
            f"{allowed:.1%}; all are listed in {report}. Fix them, or raise the limit. The first:\n{first}"
        )
