"""Landmark schemas, frames of coordinates, crops. Pure NumPy: no torch, no images."""

from facealign.geometry.crop import CropSettings, landmark_box, stored_crop, unusable, view_of_stored
from facealign.geometry.edge_neighbors import edge_neighbors
from facealign.geometry.schema import Edge, LandmarkSchema, Normalizer, load_schema, schema_names

__all__ = [
    "CropSettings",
    "Edge",
    "LandmarkSchema",
    "Normalizer",
    "edge_neighbors",
    "landmark_box",
    "load_schema",
    "schema_names",
    "stored_crop",
    "unusable",
    "view_of_stored",
]
