"""The last layer of a network of heatmaps.

Nearly all of a heatmap is background. A last layer with torch's random weights begins with maps of noise, and the
error against an almost empty target first teaches the whole network to be silent: its features die before they
have located anything. A layer that begins near the mean of its target starts to locate at once. The small weights
are those of Xiao, Wu & Wei, "Simple baselines for human pose estimation and tracking", ECCV 2018 (code); the bias
before a sigmoid is the prior of Lin et al., "Focal loss for dense object detection", ICCV 2017, §4.1.
"""

from torch import nn


def map_head(width: int, maps: int, start: float = 0.0, std: float = 0.001) -> nn.Conv2d:
    """A 1×1 convolution with bias whose initial output is ``start`` everywhere, but for a little noise.

    Args:
        width: Channels of the features.
        maps: Channels that it gives.
        start: The biases.
        std: Of the weights, normal about 0: not 0, or nothing but the head would learn in the first step.
    """
    head = nn.Conv2d(width, maps, 1)
    nn.init.normal_(head.weight, std=std)
    assert head.bias is not None
    nn.init.constant_(head.bias, start)
    return head
