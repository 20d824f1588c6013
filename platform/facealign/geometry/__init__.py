"""Landmark schemas, frames of coordinates, crops. Pure NumPy: no torch, no pictures."""

from facealign.geometry.crop import CropSettings, landmark_box, stored_crop, unusable, view_of_stored
from facealign.geometry.edge_neighbours import edge_neighbours
from facealign.geometry.schema import Edge, LandmarkSchema, Normaliser, load_schema, schema_names

__all__ = [
    "CropSettings",
    "Edge",
    "LandmarkSchema",
    "Normaliser",
    "edge_neighbours",
    "landmark_box",
    "load_schema",
    "schema_names",
    "stored_crop",
    "unusable",
    "view_of_stored",
]
