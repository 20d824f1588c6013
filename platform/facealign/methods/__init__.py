"""One file per paper. ``METHODS`` names them all."""

from facealign.methods.base import METHODS, LossTerms, Method

__all__ = ["METHODS", "LossTerms", "Method"]
