"""What a measurement of robustness found, as plain values. Errors and rates are fractions."""

from pydantic import Field

from facealign.config import Settings
from facealign.geometry import Normaliser

Interval = tuple[float, float]
"""The ends of a 95 % interval: bootstrap over photos."""


class Estimate(Settings):
    """A mean over the faces, and how sure it is."""

    mean: float
    interval: Interval


class Point(Settings):
    """One perturbation at one strength.

    Attributes:
        strength: In the perturbation's unit.
        nme: Of the perturbed faces.
        rise: Over the NME of the same faces as they are, face by face.
        failure_rate: Share of the perturbed faces above the failure threshold.
    """

    strength: float
    nme: Estimate
    rise: Estimate
    failure_rate: float


class Shifts(Settings):
    """How far landmarks move in the photo when the crop is moved by one pixel, to either side, up or down.

    Attributes:
        pixels: Mean displacement after undoing the shift, crop pixels: 0 if the network goes along exactly.
        share: The same, of the reference distance.
    """

    pixels: Estimate
    share: Estimate


class Flip(Settings):
    """The mirrored crop, landmarks mirrored back.

    Attributes:
        share: Mean distance from the landmarks of the crop as it is, of the reference distance.
        nme: Of the mirrored crop's landmarks.
        nme_of_mean: Of the mean of both.
    """

    share: Estimate
    nme: Estimate
    nme_of_mean: Estimate


class Robustness(Settings):
    """All of it; ``robustness.json`` holds this.

    Attributes:
        method: Of the model.
        config_hash: Of its training.
        data_digest: Of the shards that the faces are from.
        fold: Of the faces.
        faces: How many, evenly spread over the fold.
        seed: Of what perturbations draw.
        normaliser: What errors are divided by.
        failure_threshold: NME above which a face has failed.
        plain: NME of the faces as they are.
        plain_failure_rate: Likewise.
        curves: By perturbation, in the order of strength.
        shifts: One-pixel shifts.
        flip: Mirroring.
    """

    method: str
    config_hash: str
    data_digest: str
    fold: str
    faces: int = Field(ge=1)
    seed: int
    normaliser: Normaliser
    failure_threshold: float
    plain: Estimate
    plain_failure_rate: float
    curves: dict[str, tuple[Point, ...]]
    shifts: Shifts
    flip: Flip
