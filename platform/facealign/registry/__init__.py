"""The registry: trained networks become versions of a registered model, and the best of them its champion.

``log_model`` publishes a network with its run; ``register_best`` chooses among what was published and puts it
through the gate; ``roll_back`` goes back; ``trace`` says where a version came from.
"""

from facealign.registry.champion import Measuring
from facealign.registry.config import GateLimits, RegistryConfig
from facealign.registry.onnx import add_onnx
from facealign.registry.publish import Predictor, log_model
from facealign.registry.register import Candidate, Registered, best_of, register_best
from facealign.registry.rollback import roll_back
from facealign.registry.trace import Lineage, trace
from facealign.registry.versions import CANDIDATE, CHAMPION, PREVIOUS

__all__ = [
    "CANDIDATE",
    "CHAMPION",
    "PREVIOUS",
    "Candidate",
    "GateLimits",
    "Lineage",
    "Measuring",
    "Predictor",
    "Registered",
    "RegistryConfig",
    "add_onnx",
    "best_of",
    "log_model",
    "register_best",
    "roll_back",
    "trace",
]
