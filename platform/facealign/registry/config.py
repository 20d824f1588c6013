"""Settings of the registry: the model's name, and the evidence a new version needs to be promoted."""

from pydantic import Field

from facealign.config import Settings


class GateLimits(Settings):
    """Requirements of the promotion gate; see ``decision``."""

    level: float = Field(
        default=0.95,
        gt=0.5,
        lt=1,
        description="of every interval; an interval that excludes 0 is statistically significant, so that a "
        "gain or a loss is claimed wrongly in (1 − level)/2 of cases",
    )
    min_photos: int = Field(default=50, ge=2, description="photos below which a set of faces decides nothing")
    min_gain: float = Field(
        default=0.001,
        ge=0,
        lt=1,
        description="fraction of the champion's NME by which the gain must be significantly larger than 0",
    )
    allowed_loss: float = Field(
        default=0.001, ge=0, description="fraction of the champion's NME on a subset that may be lost there"
    )
    allowed_failures: float = Field(
        default=0.0, ge=0, le=1, description="fraction of faces by which more may fail than with the champion"
    )
    repeats: int = Field(default=5000, ge=100, le=1_000_000, description="drawings of the bootstrap")
    seed: int = Field(default=0, ge=0, description="of the bootstrap")


class RegistryConfig(GateLimits):
    """Settings of the registry: the model's name and the promotion gate."""

    name: str | None = Field(
        default=None, pattern=r"^[\w.-]+$", description="of the registered model; null: facealign-<data.source>"
    )
