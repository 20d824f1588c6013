"""How a trained method is measured."""

from pydantic import Field

from facealign.config import Settings
from facealign.geometry import Normaliser


class EvaluationConfig(Settings):
    """What the NME is divided by, what counts as a failure, what is drawn."""

    normaliser: Normaliser = Field(default="inter_ocular", description="reference distance of the NME")
    failure_threshold: float = Field(default=0.10, gt=0, le=1, description="NME above which a face has failed")
    pck_threshold: float = Field(
        default=0.2, gt=0, le=1, description="share of the torso within which a body's joint is correct"
    )
    faces: int = Field(default=12, ge=1, le=100, description="test faces drawn with their predictions")
    batch_size: int = Field(default=32, ge=1, description="faces in one batch")
