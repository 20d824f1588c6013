"""A set of landmarks drawn on a picture of a face."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from facealign.config import UserError
from facealign.geometry import LandmarkSchema
from facealign.report.marks import Layer, MarkSize
from facealign.report.style import RGB, RIM

_CONTOUR_OPACITY = 0.6
_RIM_OPACITY = 0.65


def draw_landmarks(
    image: NDArray[np.uint8],
    points: NDArray[np.float64],
    schema: LandmarkSchema,
    colour: RGB,
    visible: NDArray[np.bool_] | None = None,
    size: MarkSize | None = None,
) -> NDArray[np.uint8]:
    """A copy of the picture with thin contours and a dot at each landmark.

    Args:
        image: (H, W, 3) uint8 RGB.
        points: (N, 2), pixels of ``image``, 0-based, origin at the centre of the top-left pixel. Landmarks that
            are not finite are left out, and so are the pieces of contour that touch them.
        visible: (N,) bool; hidden landmarks are rings. None: all are visible.
        size: None chooses one for the picture.

    Raises:
        UserError: The points are not those of the schema.
    """
    if points.shape != (schema.size, 2):
        raise UserError(f"points {points.shape} do not fit schema {schema.name}: ({schema.size}, 2) are needed")
    height, width = image.shape[:2]
    size = size or MarkSize.for_picture(min(height, width))
    seen = np.ones(schema.size, dtype=np.bool_) if visible is None else visible
    contours, rims, marks = (Layer(height, width) for _ in range(3))
    for start, end in _segments(points, schema):
        contours.line(start, end, size.line)
    for index in np.flatnonzero(np.isfinite(points).all(axis=1)):
        if seen[index]:
            rims.dot(points[index], size.radius + size.rim)
            marks.dot(points[index], size.radius)
        else:
            rims.ring(points[index], size.radius + size.rim / 2, size.line + 2 * size.rim)
            marks.ring(points[index], size.radius + size.rim / 2, size.line)
    picture = contours.blend(image, colour, _CONTOUR_OPACITY)
    return marks.blend(rims.blend(picture, RIM, _RIM_OPACITY), colour)


def draw_box(image: NDArray[np.uint8], box: NDArray[np.float64], colour: RGB, size: MarkSize) -> NDArray[np.uint8]:
    """A copy of the picture with the outline of a box (x0, y0, x1, y1), pixels, as far as it lies inside."""
    x0, y0, x1, y1 = box
    rim, line = (Layer(*image.shape[:2]) for _ in range(2))
    corners = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)])
    for start, end in pairwise(corners):
        rim.line(start, end, 1.5 * size.line + 2 * size.rim)
        line.line(start, end, 1.5 * size.line)
    return line.blend(rim.blend(image, RIM, _RIM_OPACITY), colour)


def draw_residuals(
    image: NDArray[np.uint8], truth: NDArray[np.float64], predicted: NDArray[np.float64], size: MarkSize
) -> NDArray[np.uint8]:
    """A copy of the picture with a white line from each true landmark to the predicted one, (N, 2) each."""
    lines = Layer(*image.shape[:2])
    for start, end in zip(truth, predicted, strict=True):
        if np.isfinite([start, end]).all():
            lines.line(start, end, size.line)
    return lines.blend(image, (255, 255, 255), 0.9)


def _segments(
    points: NDArray[np.float64], schema: LandmarkSchema
) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """The straight pieces of the schema's contours, as far as their landmarks are known."""
    pairs = [pair for edge in schema.edges for pair in zip(edge.polyline, edge.polyline[1:], strict=False)]
    return [(points[a], points[b]) for a, b in pairs if np.isfinite(points[[a, b]]).all()]
