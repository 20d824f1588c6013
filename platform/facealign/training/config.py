"""Settings of a training."""

from typing import Any, Literal

from pydantic import Field, model_validator

from facealign.config import Settings, digest_json
from facealign.data.augmentation.settings import AugmentSettings
from facealign.data.sampler.sampling import SamplingSettings
from facealign.geometry import Normalizer
from facealign.training.precision import PrecisionName


class OptimizerConfig(Settings):
    """The step rule."""

    name: Literal["rmsprop", "adam", "adamw", "sgd"] = "rmsprop"
    lr: float = Field(default=1.0e-4, gt=0, description="learning rate at the start, after warm-up")
    momentum: float = Field(default=0.0, ge=0, lt=1, description="of rmsprop and sgd")
    weight_decay: float = Field(default=1.0e-5, ge=0)


class ScheduleConfig(Settings):
    """Schedule of the learning rate, a pure function of the epochs done (a fraction within an epoch)."""

    name: Literal["step", "cosine", "constant"] = "step"
    milestones: tuple[float, ...] = Field(default=(80.0, 160.0), description="epochs after which `step` falls")
    factor: float = Field(default=0.1, gt=0, le=1, description="by which `step` falls at each milestone")
    warmup: float = Field(default=0.0, ge=0, description="epochs of linear rise from zero")


class TrainConfig(Settings):
    """Settings of a training: epochs, batch sizes, optimizer, schedule."""

    epochs: int = Field(default=240, ge=1)
    batch_size: int = Field(
        default=16,
        ge=1,
        description="faces in a global batch, which is one step of the optimizer, over all workers",
    )
    per_device_batch: int | None = Field(
        default=None,
        ge=1,
        description="faces that a worker passes through the network at once; it adds up the gradients of as many "
        "such pieces as its share of the batch needs; null: the share at once",
    )
    sync_batch_norm: bool = Field(
        default=False, description="normalize over the faces of all workers, not over each worker's own"
    )
    optimizer: OptimizerConfig = OptimizerConfig()
    schedule: ScheduleConfig = ScheduleConfig()
    clip_norm: float | None = Field(default=None, gt=0, description="largest gradient norm; null: no clipping")
    ema: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="decay per step of an average of weights and buffers, which is what is measured and kept as "
        "the model; null: the weights as they are",
    )
    precision: PrecisionName = Field(
        default="auto",
        description="fp32, tf32 (CUDA), bf16, fp16; auto: bf16 where the device multiplies it faster (CUDA, AMX, "
        "AVX512-BF16), else fp32",
    )
    compile: bool = Field(
        default=False, description="torch.compile the network: slow first steps, then faster ones"
    )
    augment: AugmentSettings = AugmentSettings()
    sampling: SamplingSettings = SamplingSettings()
    loader_workers: int = Field(default=0, ge=0, description="loading processes per worker; 0 loads in the worker")
    log_every: int = Field(default=20, ge=1, description="steps between two logged metrics")
    evaluate_every: int = Field(
        default=1, ge=1, description="epochs between two measurements on the validation fold; the last is measured"
    )
    early_stop: int | None = Field(
        default=None,
        ge=1,
        description="measurements in a row without a better validation NME after which training ends; null: never",
    )
    checkpoint_every: int | None = Field(
        default=None, ge=1, description="steps between two checkpoints, besides the one after every epoch"
    )
    validation_batch: int = Field(default=32, ge=1, description="faces in one validation batch, of a worker's")
    normalizer: Normalizer = Field(default="inter_ocular", description="of the validation NME")

    @model_validator(mode="after")
    def _fitting(self) -> "TrainConfig":
        if self.per_device_batch is not None and self.per_device_batch > self.batch_size:
            raise ValueError(
                f"per_device_batch {self.per_device_batch} is more than batch_size {self.batch_size}, which is "
                "for all workers together; lower it, or leave it null"
            )
        return self


BESIDE_THE_RESULT: dict[str, Any] = {
    "shards": True,
    "train": {"loader_workers", "log_every", "checkpoint_every"},
}
"""Fields of a job that say where and how it runs, and do not change the result."""


class TrainJob(Settings):
    """All that determines a training's result: equal jobs give equal models.

    ``train.per_device_batch`` is part of it, because batch normalization takes its statistics over a piece.

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
    def determinants(self) -> dict[str, Any]:
        """Every setting that changes the result, with the digest of the data, as plain values."""
        return self.model_dump(mode="json", exclude=BESIDE_THE_RESULT)

    @property
    def config_hash(self) -> str:
        """A digest of the ``determinants``."""
        return digest_json(self.determinants)

    @property
    def name(self) -> str:
        """Names the run: the same job has the same name, so that a restart finds what it left."""
        return f"{self.method}-{self.config_hash[:12]}"
