"""Maps of every schema against their definition: each pixel measured to each landmark, each piece of a curve."""

import numpy as np
import pytest
import torch

from facealign.geometry import schema_names
from facealign.geometry.schema import load_schema_file
from facealign.targets import BoundaryMap, EdgeMaps, EdgeMapSettings, HeatmapSettings, gaussian_heatmaps
from facealign.targets.curve_distances import PIECES_PER_PIXEL
from facealign.targets.curves import curve_matrices

SIDE = 64
SCHEMAS = [load_schema_file(name) for name in schema_names()]
WITH_BOUNDARY = [schema for schema in SCHEMAS if schema.boundary]
COLUMNS, ROWS = np.meshgrid(np.arange(SIDE), np.arange(SIDE))

each = pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.name)


def two_faces(schema):
    """(2, N, 2) map px and (2, N) bool: one in the middle, and one that leaves the map and lacks a landmark."""
    angles = np.linspace(0, 5, schema.size)
    layout = np.array(schema.layout or np.stack([np.cos(angles), np.sin(angles)], axis=-1))
    span = np.ptp(layout, axis=0).max()
    face = (layout - layout.min(axis=0)) * (41.3 / span)
    points, valid = face + np.array([[[10.7, 12.1]], [[-7.4, 30.9]]]), np.ones((2, schema.size), dtype=bool)
    valid[1, schema.size // 2] = False
    return points.astype(np.float32), valid


def tensors(schema):
    return tuple(map(torch.from_numpy, two_faces(schema)))


def squared_distances(curve, schema, points_N2):
    """(S, S) to the nearest segment of a curve."""
    matrices = curve_matrices((curve,), schema.size, int(np.ceil(SIDE * PIECES_PER_PIXEL)))
    nearest = np.full((SIDE, SIDE), np.inf)
    for (x, y), (end_x, end_y) in zip(matrices.starts @ points_N2, matrices.ends @ points_N2, strict=True):
        along = np.array([end_x - x, end_y - y])
        fraction = ((COLUMNS - x) * along[0] + (ROWS - y) * along[1]) / max(along @ along, 1e-12)
        fraction = fraction.clip(0, 1)
        away = (COLUMNS - x - fraction * along[0]) ** 2 + (ROWS - y - fraction * along[1]) ** 2
        nearest = np.minimum(nearest, away)
    return nearest


def drawn(curves, valid_N):
    return [curve for curve in curves if valid_N[list(curve.indices)].all()]


@each
@pytest.mark.parametrize("form", ["patch", "continuous"])
def test_heatmaps(schema, form):
    points, valid = two_faces(schema)
    centers = np.floor(points + 0.5) if form == "patch" else points
    dx, dy = COLUMNS - centers[..., 0, None, None], ROWS - centers[..., 1, None, None]
    expected = np.exp(-(dx**2 + dy**2) / (2 * 1.75**2)) * valid[..., None, None]
    if form == "patch":
        expected *= (abs(dx) <= 3) & (abs(dy) <= 3)
    got = gaussian_heatmaps(*tensors(schema), SIDE, HeatmapSettings(form=form))
    assert got.dtype == torch.float32
    np.testing.assert_allclose(got, expected, atol=2e-6, rtol=0)


@each
def test_edge_maps(schema):
    got = EdgeMaps(schema, SIDE, EdgeMapSettings())(*tensors(schema))
    for maps, points_N2, valid_N in zip(got, *two_faces(schema), strict=True):
        there = drawn(schema.edges, valid_N)
        assert there
        for edge, one in zip(schema.edges, maps, strict=True):
            line = np.clip(1 - np.sqrt(squared_distances(edge, schema, points_N2)), 0, 1)
            np.testing.assert_allclose(one, line if edge in there else np.zeros_like(line), atol=2e-5, rtol=0)


@pytest.mark.parametrize("schema", WITH_BOUNDARY, ids=lambda schema: schema.name)
def test_boundary_maps(schema):
    got = BoundaryMap(schema, SIDE)(*tensors(schema))[:, 0]
    for one, points_N2, valid_N in zip(got, *two_faces(schema), strict=True):
        curves = [squared_distances(curve, schema, points_N2) for curve in drawn(schema.boundary, valid_N)]
        nearest = np.minimum.reduce(curves)
        expected = np.where(nearest <= 9, np.exp(-nearest / 2), 0)
        np.testing.assert_allclose(one, expected, atol=2e-5, rtol=0)


@pytest.mark.thorough
def test_targets_compile_in_one_piece():
    schema, heatmaps = load_schema_file("ibug68"), HeatmapSettings()
    edges, faces = EdgeMaps(schema, SIDE, EdgeMapSettings()), tensors(schema)

    def targets(points, valid):
        return gaussian_heatmaps(points, valid, SIDE, heatmaps), edges(points, valid)

    compiled = torch.compile(targets, backend="eager", fullgraph=True)
    assert all(torch.equal(a, b) for a, b in zip(compiled(*faces), targets(*faces), strict=True))
