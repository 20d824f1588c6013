"""Faces: sources, shards, sample order, augmentation, batches."""
