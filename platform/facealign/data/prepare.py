"""Raw data set → folds of stored crops: the one place that reads photos."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain, groupby
from pathlib import Path

from facealign.config import UserError, digest_json
from facealign.data.config import DataConfig
from facealign.data.cutting import cut_face
from facealign.data.folds import FOLDS, Fold, fold_of
from facealign.data.parallel import ordered_map
from facealign.data.quarantine import Quarantined, check_share, write_report
from facealign.data.record import BadSample
from facealign.data.shards.index import Index, Shard, SourceNote
from facealign.data.shards.row import StoredFace, arrow_schema, fingerprint
from facealign.data.shards.writer import publish, write_fold
from facealign.data.sources.base import Sample, Source
from facealign.geometry import LandmarkSchema, load_schema

Progress = Callable[[int, int], None]
"""Called with the number of samples done, and of all samples."""


@dataclass(frozen=True)
class PrepareReport:
    """What preparing came to.

    Attributes:
        index: The contents of the prepared data.
        quarantined: The samples that were left out.
    """

    index: Index
    quarantined: tuple[Quarantined, ...]

    def figures(self) -> dict[str, int]:
        """Samples of each fold, and how many were left out."""
        return {**{fold: self.index.rows(fold) for fold in FOLDS}, "quarantined": len(self.quarantined)}

    def message(self) -> str:
        """One line for the screen."""
        counts = ", ".join(f"{count} {name}" for name, count in self.figures().items())
        return f"{counts}; data digest {self.index.digest[:12]}"


@dataclass(frozen=True)
class _Outcome:
    """A sample that was tried: what became of it, and the digest of what was read."""

    result: StoredFace | Quarantined
    digest: str


def prepare(settings: DataConfig, out: Path, progress: Progress | None = None) -> PrepareReport:
    """Cut, encode and store every face of the data set that ``settings`` name.

    The bytes written depend on the settings and the source alone, not on the number of processes.

    Args:
        settings: Source, crop rule, folds, form of the shards.
        out: Folder for the shards, the index and ``quarantine.csv``; data prepared there before stay whole until
            the new ones are.
        progress: Told after every sample.

    Raises:
        UserError: The source is not where it should be, a fold is empty, or too many samples cannot be used.
    """
    source, schema = settings.open_source(), load_schema(settings.landmarks)
    plan = _plan(source, settings)
    _require_folds({fold: len(samples) for fold, samples in plan.items()}, settings)
    out.mkdir(parents=True, exist_ok=True)

    tried = ordered_map(partial(_try, source, schema, settings), chain(*plan.values()), settings.workers)
    samples = sum(map(len, plan.values()))
    outcomes = _Sieve(tried, samples, progress)
    # Outcomes come fold by fold; each fold's are written while they come.
    in_folds = zip(chain.from_iterable([fold] * len(plan[fold]) for fold in FOLDS), outcomes, strict=True)
    folds: dict[Fold, tuple[Shard, ...]] = {}
    for fold, group in groupby(in_folds, key=lambda pair: pair[0]):
        faces = (face for _, face in group if face is not None)
        folds[fold] = write_fold(out, fold, faces, settings.shards.megabytes * 1e6)

    report = write_report(out, outcomes.quarantined)
    check_share(outcomes.quarantined, samples, settings.max_quarantined, report)
    index = Index(
        source=SourceNote(
            name=settings.source,
            options=settings.options.model_dump(mode="json"),
            digest=digest_json(outcomes.digests),
        ),
        landmarks=schema,
        crop=settings.crop,
        shards=settings.shards,
        validation=settings.validation,
        seed=settings.seed,
        columns=fingerprint(arrow_schema(schema.size)),
        folds=folds,
    )
    _require_folds({fold: index.rows(fold) for fold in FOLDS}, settings)
    publish(out, index)
    return PrepareReport(index, tuple(outcomes.quarantined))


class _Sieve:
    """Passes good faces on, with None in the place of a bad one, and keeps account of both."""

    def __init__(self, tried: Iterator[_Outcome], samples: int, progress: Progress | None) -> None:
        self.quarantined: list[Quarantined] = []
        self.digests: list[str] = []
        self._tried, self._samples, self._progress = tried, samples, progress

    def __iter__(self) -> Iterator[StoredFace | None]:
        for outcome in self._tried:
            self.digests.append(outcome.digest)
            if self._progress is not None:
                self._progress(len(self.digests), self._samples)
            if isinstance(outcome.result, Quarantined):
                self.quarantined.append(outcome.result)
                yield None
            else:
                yield outcome.result


def _plan(source: Source, settings: DataConfig) -> dict[Fold, list[Sample]]:
    plan: dict[Fold, list[Sample]] = {fold: [] for fold in FOLDS}
    for sample in source.samples():
        plan[fold_of(sample, settings.validation, settings.seed)].append(sample)
    return plan


def _try(source: Source, schema: LandmarkSchema, settings: DataConfig, sample: Sample) -> _Outcome:
    digest = "unreadable"
    try:
        digest = source.fingerprint(sample)
        face = cut_face(sample, source.load(sample), schema, settings.crop, settings.shards)
    except BadSample as bad:
        return _Outcome(Quarantined(sample.id, bad.place, bad.reason), digest)
    except OSError as error:
        return _Outcome(Quarantined(sample.id, str(error.filename), f"cannot be read: {error.strerror}"), digest)
    return _Outcome(face, digest)


def _require_folds(counts: Mapping[Fold, int], settings: DataConfig) -> None:
    remedies: dict[Fold, str] = {
        "train": "add training photos, or lower data.validation",
        "val": f"raise data.validation ({settings.validation}), change data.seed, or add training photos",
        "test": "unpack the data set's test part below data.root as well",
    }
    empty = [f"fold {fold} has no sample: {remedies[fold]}" for fold in FOLDS if not counts[fold]]
    if empty:
        raise UserError(f"source {settings.source!r}: " + "; ".join(empty))
