"""Which of the trained models is best, and whether it takes the champion's place: figures in, a decision out."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from facealign.config import UserError


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A published model that may become a version.

    Attributes:
        model_uri: ``models:/m-…``, as ``log_model`` gave it.
        validation_nme: A fraction of the normaliser; lower is better.
        data_digest: Of the shards it was trained and measured on. Figures on other data do not compare.
        lineage: Further labels: study, trial, submission id.
    """

    method: str
    run_id: str
    model_uri: str
    validation_nme: float
    data_digest: str
    config_hash: str
    git_commit: str
    lineage: Mapping[str, str] = field(default_factory=dict)

    def tags(self) -> dict[str, str]:
        """The labels of its version."""
        return {
            **self.lineage,
            "method": self.method,
            "model_uri": self.model_uri,
            "validation_nme": repr(self.validation_nme),
            "data_digest": self.data_digest,
            "config_hash": self.config_hash,
            "git_commit": self.git_commit,
        }


@dataclass(frozen=True)
class Champion:
    """The version in force, with its tags."""

    version: str
    tags: Mapping[str, str]


def best_of(candidates: Sequence[Candidate]) -> Candidate:
    """The candidate with the lowest validation NME; the first of equals.

    Raises:
        UserError: There is none, one has no finite figure, or they were measured on different data.
    """
    if not candidates:
        raise UserError("there is no model to register; train at least one method first")
    for candidate in candidates:
        if not math.isfinite(candidate.validation_nme):
            raise UserError(
                f"{candidate.method} (run {candidate.run_id}) has a validation NME of {candidate.validation_nme}; "
                "leave it out, or train it again"
            )
    if len({candidate.data_digest for candidate in candidates}) > 1:
        listed = ", ".join(f"{c.method} on {c.data_digest[:12]}" for c in candidates)
        raise UserError(
            f"the models were measured on different data ({listed}); train them again on the present data"
        )
    return min(candidates, key=lambda candidate: candidate.validation_nme)


def decide(best: Candidate, version: str, champion: Champion | None) -> tuple[bool, str]:
    """Whether ``version`` is to be the champion, and why.

    Args:
        best: What ``version`` was made of.
        version: Its number.
        champion: The version that has the alias now; None where none has.
    """
    nme = f"validation NME {best.validation_nme:.5f}"
    if champion is None:
        return True, f"first champion, {nme}"
    if champion.version == version:
        return True, f"champion already, {nme}"
    before = f"version {champion.version}"
    if champion.tags.get("data_digest") != best.data_digest or "validation_nme" not in champion.tags:
        return True, f"replaces {before}, which was not measured on data {best.data_digest[:12]}; {nme}"
    other = float(champion.tags["validation_nme"])
    if other < best.validation_nme:
        return False, f"{before} stays champion: validation NME {other:.5f} against {best.validation_nme:.5f}"
    return True, f"replaces {before}: {nme} against {other:.5f}"
