"""The focal factor: faces with rare attributes weigh more.

Huang et al., "PropagationNet: propagate points to curve to learn structure information", CVPR 2020, which ADNet
takes over as ADNet* (Tables 3 and 7). Within a batch of B faces, an attribute gives a face that has it the factor
B ÷ the number of faces that have it, and 1 to the others. A face's weight is the mean of its factors; that paper
adds them up, but with the mean a batch without any attribute keeps its loss.
"""

import torch
from torch import Tensor


def focal_factor(attributes_BA: Tensor) -> Tensor:
    """The weight of each face's loss.

    Args:
        attributes_BA: (B, A) bool; whether a face has an attribute.

    Returns:
        (B,) float32, 1 or more; 1 for all where there are no attributes (A = 0).
    """
    faces, attributes = attributes_BA.shape
    if attributes == 0:
        return torch.ones(faces, device=attributes_BA.device)
    having = attributes_BA.sum(dim=0).clamp_min(1)
    factors: Tensor = torch.where(attributes_BA, faces / having, 1.0)
    return factors.mean(dim=1)
