"""Makes one shard, from the samples of its task or from rows that were prepared before."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import pyarrow as pa

from facealign.config import digest_file, digest_json
from facealign.data.config import DataConfig
from facealign.data.file_digests import remembering
from facealign.data.preparing.cache_keys import ShardKeys, read_shard_keys, write_keys
from facealign.data.preparing.cropping import cut_face
from facealign.data.preparing.leaks import FaceFingerprint
from facealign.data.preparing.planning import ShardTask
from facealign.data.preparing.quarantine import Quarantined
from facealign.data.record import BadSample
from facealign.data.shards.columns import read_strings
from facealign.data.shards.index import Shard
from facealign.data.shards.row import ShardRow, arrow_schema, join, to_batch
from facealign.data.shards.writer import write_shard
from facealign.data.sources.base import Sample, Source
from facealign.geometry import LandmarkSchema
from facealign.storage.store import Store
from facealign.storage.uris import open_store

_UNREADABLE = "unreadable"
_DIGITS = 16
"""Hexadecimal digits of the digests of rows and of images: enough to find what changed, and equal images."""


@dataclass(frozen=True)
class ShardResult:
    """The result of a shard's task.

    Attributes:
        task: Its number.
        shard: The shard; None where no sample could be used.
        fingerprints: Of the samples' files, in order.
        faces: Those in the shard.
        quarantined: The samples left out.
        is_kept: Whether the shard was there already, so that nothing was written.
        loaded: Samples that were read and cut; the others were carried over.
    """

    task: int
    shard: Shard | None
    fingerprints: tuple[str, ...]
    faces: tuple[FaceFingerprint, ...]
    quarantined: tuple[Quarantined, ...]
    is_kept: bool
    loaded: int


@dataclass(frozen=True)
class ShardMaker:
    """Makes any shard of a preparation; small and picklable, so that workers on other machines can.

    Attributes:
        source: The data set.
        schema: Its landmarks.
        settings: Crop rule and form of the shards.
        place: Where shards go: a path or URI that every worker reaches.
        rule: Digest of what decides all faces alike, see ``provenance``.
    """

    source: Source
    schema: LandmarkSchema
    settings: DataConfig
    place: str
    rule: str

    def __call__(self, task: ShardTask, tick: Callable[[], None] = lambda: None) -> ShardResult:
        """Make a shard, or find that it is there already.

        Args:
            task: Which.
            tick: Called after each sample.

        Raises:
            UserError: The shard cannot be written.
        """
        store = open_store(self.place)
        with remembering(str(self.source.root), task.samples[0].id):
            prints = tuple(self._fingerprint(sample) for sample in task.samples)
        decisive = [self._decisive(*pair) for pair in zip(task.samples, prints, strict=True)]
        inputs = digest_json([task.fold, decisive])
        all_rows = [digest[:_DIGITS] for digest in decisive]
        kept = _find(store, task, ShardKeys(inputs=inputs, rows=all_rows))
        if kept is not None:
            for _ in task.samples:
                tick()
            with store.open(kept.file) as file:
                digests = read_strings(file, "image_digest")
            ids = [sample.id for sample in task.samples]
            faces = tuple(FaceFingerprint(task.fold, *pair) for pair in zip(ids, digests, strict=True))
            return ShardResult(task.number, kept, prints, faces, (), is_kept=True, loaded=0)

        older = self._older(store, task, decisive)
        parts: list[ShardRow | _OlderRow] = []
        keys: list[str] = []
        quarantined: list[Quarantined] = []
        loaded = 0
        for sample, digest in zip(task.samples, decisive, strict=True):
            part: ShardRow | _OlderRow | Quarantined | None = older.get(sample.id)
            if part is None:
                part, loaded = self._load(sample), loaded + 1
            if isinstance(part, Quarantined):
                quarantined.append(part)
            else:
                parts.append(part)
                keys.append(digest[:_DIGITS])
            tick()
        if not parts:
            return ShardResult(task.number, None, prints, (), tuple(quarantined), is_kept=False, loaded=loaded)
        batch = join([_batch_of(group) for group in _groups(parts)])
        shard = write_shard(store, task.fold, batch)
        write_keys(store, shard.file, ShardKeys(inputs=inputs, rows=keys))
        seen = zip(batch.column("id").to_pylist(), batch.column("image_digest").to_pylist(), strict=True)
        faces = tuple(FaceFingerprint(task.fold, *pair) for pair in seen)
        return ShardResult(task.number, shard, prints, faces, tuple(quarantined), shard in task.before, loaded)

    def _fingerprint(self, sample: Sample) -> str:
        """Digest the sample's files; one that cannot be read is reported when the sample is loaded."""
        try:
            return self.source.fingerprint(sample)
        except (BadSample, OSError):
            return _UNREADABLE

    def _decisive(self, sample: Sample, fingerprint: str) -> str:
        """A digest of all that decides the sample's row."""
        return digest_json([self.rule, sample.id, sample.subset, sample.photo, fingerprint])

    def _older(self, store: Store, task: ShardTask, decisive: list[str]) -> dict[str, "_OlderRow"]:
        """Rows prepared before that would come out the same, by id. They are copied, not decoded."""
        wanted = {sample.id: digest[:_DIGITS] for sample, digest in zip(task.samples, decisive, strict=True)}
        found: dict[str, _OlderRow] = {}
        for shard in task.before:
            keys = read_shard_keys(store, shard.file)
            if keys is None or len(keys.rows) != shard.rows or store.size(shard.file) != shard.bytes:
                continue
            path = store.local_path(shard.file, shard.sha256)
            # Damage must not be copied into a file whose digest says that it is whole.
            if digest_file(path) != shard.sha256:
                continue
            batch = pa.ipc.open_file(pa.memory_map(str(path))).get_batch(0)
            if batch.schema != arrow_schema(self.schema.size):
                continue
            for i, (name, digest) in enumerate(zip(batch.column("id").to_pylist(), keys.rows, strict=True)):
                if wanted.get(name) == digest:
                    found[name] = _OlderRow(batch, i)
        return found

    def _load(self, sample: Sample) -> ShardRow | Quarantined:
        try:
            record = self.source.load(sample)
            face = cut_face(sample, record, self.schema, self.settings.crop, self.settings.shards)
        except BadSample as bad:
            return Quarantined(sample.id, bad.place, bad.reason)
        except OSError as error:
            return Quarantined(sample.id, str(error.filename), f"cannot be read: {error.strerror}")
        height, width = record.image.shape[:2]
        pixels = hashlib.sha256(f"{width}x{height}".encode())
        pixels.update(record.image.tobytes())
        return ShardRow(face, pixels.hexdigest()[:_DIGITS])


def _find(store: Store, task: ShardTask, keys: ShardKeys) -> Shard | None:
    """The shard of an earlier preparation that all samples are in and that would come out the same."""
    for shard in task.before:
        is_same = shard.rows == len(task.samples) and read_shard_keys(store, shard.file) == keys
        if is_same and store.size(shard.file) == shard.bytes:
            return shard
    return None


class _OlderRow(NamedTuple):
    """A row of a shard that was prepared before."""

    batch: pa.RecordBatch
    number: int


def _groups(parts: list[ShardRow | _OlderRow]) -> Iterator[list[ShardRow | _OlderRow]]:
    """Parts in runs that one slice, or one new batch, holds."""
    group: list[ShardRow | _OlderRow] = []
    for part in parts:
        if group and not _continues(group[-1], part):
            yield group
            group = []
        group.append(part)
    yield group


def _continues(last: ShardRow | _OlderRow, part: ShardRow | _OlderRow) -> bool:
    if isinstance(last, _OlderRow) and isinstance(part, _OlderRow):
        return last.batch is part.batch and last.number + 1 == part.number
    return isinstance(last, ShardRow) and isinstance(part, ShardRow)


def _batch_of(group: list[ShardRow | _OlderRow]) -> pa.RecordBatch:
    first = group[0]
    if isinstance(first, _OlderRow):
        return first.batch.slice(first.number, len(group))
    return to_batch([row for row in group if isinstance(row, ShardRow)])
