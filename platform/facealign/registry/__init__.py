"""The registry: trained networks become versions of a registered model, and the best of them its champion.

``log_model`` publishes a network with its run; ``register_best`` chooses among what was published.
"""

from facealign.registry.champion import CHAMPION, Registered, register_best
from facealign.registry.config import RegistryConfig
from facealign.registry.decision import Candidate
from facealign.registry.predictor import Predictor
from facealign.registry.publish import log_model
from facealign.registry.publish_onnx import add_onnx

__all__ = [
    "CHAMPION",
    "Candidate",
    "Predictor",
    "Registered",
    "RegistryConfig",
    "add_onnx",
    "log_model",
    "register_best",
]
