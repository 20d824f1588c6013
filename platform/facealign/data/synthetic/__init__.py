"""Synthetic faces from a parametric head, never from a photo: data for tests, first steps and demos.

A head is a surface over the frontal plane with curves on it (``surface``, ``curves``); a pose turns it
(``projection``, ``silhouette``); both landmark schemas are read off the same curves (``landmarks``), along which
the features are painted too (``features``, ``head``, ``portrait``); things are put before it and the image is
taken (``occluders``, ``photometry``).
"""

from facealign.data.synthetic.draw import draw_face
from facealign.data.synthetic.landmarks import SCHEMAS

__all__ = ["SCHEMAS", "draw_face"]
