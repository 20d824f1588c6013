"""The layer that heads are made of."""

from torch import nn


class ConvNormReLU(nn.Sequential):
    """Convolution without bias, batch norm, ReLU; the map keeps its size at stride 1.

    Args:
        incoming: Channels in.
        outgoing: Channels out.
        kernel: Side of the kernel, odd.
        stride: Of the convolution.
    """

    def __init__(self, incoming: int, outgoing: int, kernel: int = 3, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(incoming, outgoing, kernel, stride=stride, padding=kernel // 2, bias=False),
            nn.BatchNorm2d(outgoing),
            nn.ReLU(inplace=True),
        )
