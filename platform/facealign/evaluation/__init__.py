"""Predictions of a trained model, their errors, and the metrics aggregated from them."""
