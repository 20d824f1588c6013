"""facealign: train, search, compare and register facial-landmark models on a Ray cluster."""

__version__ = "0.2.0"
