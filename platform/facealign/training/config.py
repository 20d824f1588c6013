"""What a training is told."""

from typing import Any, Literal

from pydantic import Field

from facealign.config import Settings, digest_json
from facealign.data.augmentation.settings import AugmentSettings
from facealign.data.ordering.sampling import SamplingSettings
from facealign.geometry import Normaliser


class OptimizerConfig(Settings):
    """The step rule."""

    name: Literal["rmsprop", "adam", "adamw", "sgd"] = "rmsprop"
    lr: float = Field(default=1.0e-4, gt=0, description="learning rate at the start, after warm-up")
    momentum: float = Field(default=0.0, ge=0, lt=1, description="of rmsprop and sgd")
    weight_decay: float = Field(default=1.0e-5, ge=0)


class ScheduleConfig(Settings):
    """How the learning rate falls, as a pure function of the epochs done (a fraction within an epoch)."""

    name: Literal["step", "cosine", "constant"] = "step"
    milestones: tuple[float, ...] = Field(default=(80.0, 160.0), description="epochs after which `step` falls")
    factor: float = Field(default=0.1, gt=0, le=1, description="by which `step` falls at each milestone")
    warmup: float = Field(default=0.0, ge=0, description="epochs of linear rise from zero")


class TrainConfig(Settings):
    """One training: how long, in what pieces, by which rule."""

    epochs: int = Field(default=240, ge=1)
    batch_size: int = Field(default=16, ge=1, description="faces in a global batch, over all workers")
    optimizer: OptimizerConfig = OptimizerConfig()
    schedule: ScheduleConfig = ScheduleConfig()
    clip_norm: float | None = Field(default=None, gt=0, description="largest gradient norm; null: no clipping")
    precision: Literal["auto", "fp32", "bf16"] = Field(
        default="auto",
        description="auto: bf16 where the device multiplies it faster (CUDA, AMX, AVX512-BF16), else fp32",
    )
    augment: AugmentSettings = AugmentSettings()
    sampling: SamplingSettings = SamplingSettings()
    loader_workers: int = Field(default=0, ge=0, description="loading processes per worker; 0 loads in the worker")
    log_every: int = Field(default=20, ge=1, description="steps between two logged figures")
    validation_batch: int = Field(default=32, ge=1, description="faces per worker in one validation batch")
    normaliser: Normaliser = Field(default="inter_ocular", description="of the validation NME")


class TrainJob(Settings):
    """All that determines a training's result: equal jobs give equal models.

    Attributes:
        method: Name in ``METHODS``; ``model`` holds its settings as plain values.
        shards: Folder of the Arrow shards; ``data_digest`` is their content's.
    """

    method: str
    model: dict[str, Any]
    train: TrainConfig
    shards: str
    data_digest: str
    seed: int

    @property
    def config_hash(self) -> str:
        """A digest of every setting of the job, its data's content among them, but not the data's address."""
        return digest_json(self.model_dump(mode="json", exclude={"shards"}))

    @property
    def name(self) -> str:
        """Names the run: the same job has the same name, so that a restart finds what it left."""
        return f"{self.method}-{self.config_hash[:12]}"
