"""Augmentation of training views: geometry in one map, pixels, annotation noise."""
