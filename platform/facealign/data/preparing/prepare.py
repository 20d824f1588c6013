"""Raw data set → folds of stored crops.

The plan comes first: which samples make which shard is decided by their ids. Then each shard is made by itself, by
whichever worker, and what an earlier preparation has made of the same input stays as it is. The bytes that come
out depend on the settings and the source alone.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from facealign.config import UserError, digest_json
from facealign.data.config import DataConfig
from facealign.data.folds import FOLDS, Fold
from facealign.data.preparing.leaks import LEAKS_FILE, FaceFingerprint, find_leaks, write_leaks
from facealign.data.preparing.making import ShardMaker, ShardResult
from facealign.data.preparing.planning import ShardTask, in_folds, shard_tasks
from facealign.data.preparing.provenance import row_rule
from facealign.data.preparing.quarantine import REPORT_FILE, Quarantined, check_share, write_report
from facealign.data.preparing.training_statistics import with_statistics
from facealign.data.shards.index import DamagedIndex, Index, NoIndex, SourceNote
from facealign.data.shards.row import arrow_schema, fingerprint
from facealign.data.shards.writer import publish
from facealign.data.sources.base import Sample
from facealign.geometry import load_schema
from facealign.storage.store import Place, Store
from facealign.storage.uris import absolute, open_store

Progress = Callable[[int, int], None]
"""Called with the number of samples done, and of all samples."""

Mapper = Callable[[Callable[[ShardTask], ShardResult], Sequence[ShardTask]], Iterable[ShardResult]]
"""Calls the function with every task and gives what it returns, in any order: ``map``, or the cluster's."""


@dataclass(frozen=True)
class PrepareReport:
    """The result of a preparation.

    Attributes:
        index: The contents of the prepared data.
        quarantined: The samples that were left out.
        leaks: The faces whose image is in another fold, too.
        written: Shards that were made; all others were there already.
        loaded: Samples that were read and cut; all others were carried over.
    """

    index: Index
    quarantined: tuple[Quarantined, ...]
    leaks: tuple[FaceFingerprint, ...]
    written: int
    loaded: int

    def metrics(self) -> dict[str, int]:
        """Samples of each fold, how many were left out, and how many images are in two folds."""
        folds = {str(fold): self.index.rows(fold) for fold in FOLDS}
        leaked = len({face.image_digest for face in self.leaks})
        return {**folds, "quarantined": len(self.quarantined), "leaked": leaked}

    def message(self) -> str:
        """Return the summary for the screen: a line, and one more for each thing to look at."""
        metrics = self.metrics()
        counts = ", ".join(f"{count} {name}" for name, count in metrics.items() if name != "leaked")
        shards = sum(map(len, self.index.folds.values()))
        lines = [
            f"{counts}; {self.written} of {shards} shards written, {self.loaded} faces read anew; "
            f"data digest {self.index.digest[:12]}"
        ]
        if self.quarantined:
            lines.append(f"{len(self.quarantined)} samples were left out: {REPORT_FILE} says which and why")
        if self.leaks:
            lines.append(f"{metrics['leaked']} images are in more than one fold: {LEAKS_FILE} lists their faces")
        if self.index.no_statistics:
            lines.append(f"no statistics of the training fold: {self.index.no_statistics}")
        return "\n".join(lines)


def prepare(
    settings: DataConfig, out: Place, progress: Progress | None = None, mapper: Mapper | None = None
) -> PrepareReport:
    """Cut, encode and store every face of the data set that ``settings`` name.

    Args:
        settings: Source, crop rule, folds, form of the shards.
        out: Folder for the shards, or its URI; for the index, ``quarantine.csv`` and ``leaks.csv``, too. Data
            prepared there before stay whole until the new ones are.
        progress: TrialReport after every sample, or after every shard where ``mapper`` makes them elsewhere.
        mapper: Makes the shards; None: this process, one after another.

    Raises:
        UserError: The source is not where it should be, a fold is empty that should not be, too many samples
            cannot be used, the disk is full, or another process is preparing data at the same place.
    """
    settings = _with_absolute_paths(settings)
    source, schema = settings.open_source(), load_schema(settings.landmarks)
    folds = in_folds(source.samples(), settings.validation, settings.seed)
    _require_folds(folds, {fold: len(samples) for fold, samples in folds.items()}, settings)
    store = open_store(absolute(out))
    with store.locked():
        before = _before(store)
        mean_rows = settings.shards.mean_rows(settings.crop.stored_size, schema.size)
        tasks = shard_tasks(folds, mean_rows, before)
        maker = ShardMaker(source, schema, settings, absolute(out), row_rule(settings, source, schema))
        samples = sum(map(len, folds.values()))
        made = _make_all(maker, tasks, mapper, _Count(samples, progress))

        quarantined = tuple(one for part in made for one in part.quarantined)
        report = write_report(store, quarantined)
        check_share(quarantined, samples, settings.max_quarantined, report)
        leaks = find_leaks(face for part in made for face in part.faces)
        write_leaks(store, leaks)
        index = Index(
            source=SourceNote(
                name=settings.source,
                options=settings.options.model_dump(mode="json"),
                digest=digest_json([one for part in made for one in part.fingerprints]),
            ),
            landmarks=schema,
            crop=settings.crop,
            shards=settings.shards,
            validation=settings.validation,
            seed=settings.seed,
            columns=fingerprint(arrow_schema(schema.size)),
            folds={
                fold: tuple(part.shard for part in made if part.shard and tasks[part.task].fold == fold)
                for fold in FOLDS
            },
        )
        _require_folds(folds, {fold: index.rows(fold) for fold in FOLDS}, settings)
        index = with_statistics(store, index, before)
        publish(store, index)
    written = sum(part.shard is not None and not part.is_kept for part in made)
    return PrepareReport(index, quarantined, tuple(leaks), written, sum(part.loaded for part in made))


class _Count:
    """Passes on how many samples are done."""

    def __init__(self, samples: int, progress: Progress | None) -> None:
        self._done, self._samples, self._progress = 0, samples, progress

    def add(self, more: int = 1) -> None:
        self._done += more
        if self._progress is not None:
            self._progress(self._done, self._samples)


def _make_all(
    maker: ShardMaker, tasks: list[ShardTask], mapper: Mapper | None, count: _Count
) -> list[ShardResult]:
    """Make the shards of all tasks; the results are in the order of the tasks."""
    if mapper is None:
        return [maker(task, count.add) for task in tasks]
    made = []
    for one in mapper(maker, tasks):
        count.add(len(tasks[one.task].samples))
        made.append(one)
    return sorted(made, key=lambda one: one.task)


def _before(store: Store) -> Index | None:
    """Load the index of an earlier preparation; None where there is none that can be reused."""
    try:
        return Index.load(store)
    except (NoIndex, DamagedIndex):
        return None


def _with_absolute_paths(settings: DataConfig) -> DataConfig:
    """Workers have other working directories."""
    changes: dict[str, str] = {}
    if settings.root is not None:
        changes["root"] = os.path.abspath(settings.root)
    if settings.landmarks.endswith((".yaml", ".yml")):
        changes["landmarks"] = os.path.abspath(settings.landmarks)
    return settings.model_copy(update=changes)


def _require_folds(listed: Mapping[Fold, list[Sample]], counts: Mapping[Fold, int], settings: DataConfig) -> None:
    """Refuse a fold that is empty by mistake; some data sets are for training alone, or for testing alone."""
    has_training = bool(listed["train"] or listed["val"])
    remedies: dict[Fold, str] = {
        "train": "add training photos, or lower data.validation",
        "val": f"raise data.validation ({settings.validation}), change data.seed, or add training photos",
        "test": "all of its samples were left out; see the report of them",
    }
    expected = {"train": has_training, "val": has_training, "test": bool(listed["test"])}
    empty = [
        f"fold {fold} has no sample: {remedies[fold]}" for fold in FOLDS if expected[fold] and not counts[fold]
    ]
    if not any(expected.values()):
        empty = ["it lists no sample; look at data.root and at the data set's options"]
    if empty:
        raise UserError(f"source {settings.source!r}: " + "; ".join(empty))
