"""Faces: sources, shards, sample order, augmentation, batches.

Nothing is imported here, so that ``facealign.data.config`` stays free of torch, OpenCV and Arrow.
"""
