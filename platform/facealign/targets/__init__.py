"""Landmarks ↔ heatmaps and boundary maps, in batch, on whatever device the points are on.

Two frames: *crop pixels* of the network's input and *map pixels* of its heatmaps, both 0-based with the origin at
the center of the top-left pixel (``facealign.targets.frames``).
"""

from facealign.targets.boundary import BoundaryMap
from facealign.targets.decoding import DecodeSettings, decode_heatmaps
from facealign.targets.edges import EdgeMaps, EdgeMapSettings
from facealign.targets.frames import crop_to_map, map_to_crop
from facealign.targets.heatmaps import HeatmapSettings, gaussian_heatmaps
from facealign.targets.unit_square import center_of_mass, from_unit, to_unit

__all__ = [
    "BoundaryMap",
    "DecodeSettings",
    "EdgeMapSettings",
    "EdgeMaps",
    "HeatmapSettings",
    "center_of_mass",
    "crop_to_map",
    "decode_heatmaps",
    "from_unit",
    "gaussian_heatmaps",
    "map_to_crop",
    "to_unit",
]
