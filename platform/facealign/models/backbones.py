"""The backbones by name."""

from facealign.models.backbone import Backbone, BackboneSettings
from facealign.models.densenet import DenseNet
from facealign.models.resnet import ResNet


def build_backbone(settings: BackboneSettings) -> Backbone:
    """The network that ``settings`` names, with random weights until ``load_pretrained``."""
    if settings.name == "densenet121":
        return DenseNet(width=settings.width, weights=settings.weights)
    return ResNet(settings.name, width=settings.width, weights=settings.weights)
