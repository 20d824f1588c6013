"""Percentage of correct keypoints (PCK): the fraction of joints predicted within a fraction of the torso.

A joint is correct where ‖p − t‖₂ ≤ α·d. In AWing's Table 8, α is 0.2 and d the "torso dimension": the distance of
left shoulder and right hip in the image, as the common evaluation of Leeds Sports Pose has it (after Sapp &
Taskar, CVPR 2013). Yang & Ramanan, TPAMI 2013, who named the measure, divide by the longer side of a box instead.
Hidden joints count as well, since that data set annotates them. The mean is over joints, not over bodies.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facealign.config import UserError
from facealign.geometry import LandmarkSchema
from facealign.metrics.nme import errors_and_reference


@dataclass(frozen=True)
class JointHits:
    """Counts, and so parts that were measured in different processes add up exactly.

    Attributes:
        correct: For each of N joints, how many were found.
        measured: Likewise, how many had a truth.
    """

    correct: tuple[int, ...]
    measured: tuple[int, ...]

    def __add__(self, other: "JointHits") -> "JointHits":
        return JointHits(_sums(self.correct, other.correct), _sums(self.measured, other.measured))

    def share(self, joints: Iterable[int] | None = None) -> float:
        """The fraction of correct ones among ``joints``, both wrists for example, or among all joints.

        Raises:
            UserError: None of them was measured.
        """
        chosen = range(len(self.measured)) if joints is None else list(joints)
        measured = sum(self.measured[i] for i in chosen)
        if not measured:
            raise UserError(f"joints {list(chosen)}: none was measured, so there is no fraction of correct ones")
        return sum(self.correct[i] for i in chosen) / measured

    def metrics(self) -> dict[str, float]:
        """The metrics by flat name: ``pck`` over all joints; ``pck_joint_0`` … for each measured joint."""
        joints = [i for i, measured in enumerate(self.measured) if measured]
        return {"pck": self.share()} | {f"pck_joint_{i}": self.share([i]) for i in joints}


def pck(
    predicted: NDArray[np.float64],
    truth: NDArray[np.float64],
    valid: NDArray[np.bool_],
    schema: LandmarkSchema,
    threshold: float = 0.2,
    ids: Sequence[str] | None = None,
) -> JointHits:
    """Count the correct joints of F bodies.

    Arguments and errors are those of ``correct_joints``.
    """
    correct_FN = correct_joints(predicted, truth, valid, schema, threshold, ids)
    return JointHits(tuple(correct_FN.sum(axis=0).tolist()), tuple(valid.sum(axis=0).tolist()))


def correct_joints(
    predicted: NDArray[np.float64],
    truth: NDArray[np.float64],
    valid: NDArray[np.bool_],
    schema: LandmarkSchema,
    threshold: float = 0.2,
    ids: Sequence[str] | None = None,
) -> NDArray[np.bool_]:
    """Which joints of F bodies were found, (F, N); False where not ``valid``.

    Args:
        predicted: (F, N, 2) joints; any frame that is a similarity of the photo.
        truth: (F, N, 2) true joints in the same frame; where not ``valid``, they are not looked at.
        valid: (F, N) bool; joints to measure.
        schema: Of a body: it has a ``torso``.
        threshold: α, a fraction of the torso.
        ids: The F sample ids, for messages; None names bodies by their row.

    Raises:
        UserError: The schema has no torso, a body lacks one of its ends; and as ``nme`` does.
    """
    error_FN, torso_F = errors_and_reference(predicted, truth, valid, schema, "torso", ids)
    correct_FN: NDArray[np.bool_] = valid & (error_FN <= threshold * torso_F[:, None])
    return correct_FN


def _sums(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(a + b for a, b in zip(one, other, strict=True))
