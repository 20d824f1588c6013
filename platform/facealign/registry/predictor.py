"""What is published of a method: images in, landmarks out."""

from torch import Tensor, nn

from facealign.methods.base import Method


class Predictor(nn.Module):
    """A method's network and its decoding as one module.

    Args:
        method: The trained method; the predictor shares its weights.
    """

    def __init__(self, method: Method) -> None:
        super().__init__()
        self.method = method

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, S, S) uint8 RGB crops → (B, N, 2) float32 landmarks, crop pixels."""
        landmarks: Tensor = self.method.decode(self.method(images))
        return landmarks
