"""Settings of the evaluation."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from facealign.config import Settings
from facealign.geometry import Normalizer


class EvaluationConfig(Settings):
    """Settings of the evaluation: normalizer, failure threshold, plots."""

    normalizer: Normalizer = Field(default="inter_ocular", description="reference distance of the NME")
    failure_threshold: float = Field(default=0.10, gt=0, le=1, description="NME above which a face has failed")
    thresholds: tuple[Annotated[float, Field(gt=0, le=1)], ...] = Field(
        default=(0.05, 0.07, 0.08, 0.10), description="other NMEs at which FR and AUC are reported"
    )
    landmarks: Literal["known", "visible"] = Field(
        default="known", description="which count: all that have coordinates, or those of them that are to be seen"
    )
    pck_threshold: float = Field(
        default=0.2, gt=0, le=1, description="fraction of the torso within which a body's joint is correct"
    )
    faces: int = Field(default=12, ge=1, le=100, description="test faces drawn with their predictions")
    batch_size: int = Field(default=32, ge=1, description="faces in one batch")

    @field_validator("thresholds")
    @classmethod
    def _once(cls, thresholds: tuple[float, ...]) -> tuple[float, ...]:
        if len(set(thresholds)) < len(thresholds):
            raise ValueError("a threshold is named twice; name each once")
        return thresholds

    @property
    def all_thresholds(self) -> tuple[float, ...]:
        """``thresholds`` and ``failure_threshold``, rising."""
        return tuple(sorted({*self.thresholds, self.failure_threshold}))
