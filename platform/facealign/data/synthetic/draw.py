"""Draws the face of (seed, index): samples its parameters, places, paints, occludes and photographs it."""

import numpy as np
from numpy.typing import NDArray

from facealign.config import UserError
from facealign.data.record import FaceRecord
from facealign.data.synthetic.appearance import sample_appearance, sample_light
from facealign.data.synthetic.attributes import describe
from facealign.data.synthetic.background import paint_background
from facealign.data.synthetic.canvas import Canvas
from facealign.data.synthetic.chances import Chances
from facealign.data.synthetic.face import PosedFace, place_face
from facealign.data.synthetic.landmarks import check_schema, read_landmarks
from facealign.data.synthetic.occluders import occlude
from facealign.data.synthetic.person import Expression, Identity, sample_expression, sample_identity
from facealign.data.synthetic.photometry import sample_camera, take
from facealign.data.synthetic.portrait import paint_portrait
from facealign.data.synthetic.projection import Pose, sample_pose

Array = NDArray[np.float64]

SMALLEST = 32
"""Pixels of the side below which a face has no features left."""


def draw_face(seed: int, index: int, schema: str, size: int = 256) -> FaceRecord:
    """Draw face ``index`` of the data set ``seed``: the same arguments give the same bytes, in any process.

    The image does not depend on the schema. The longer side of the landmarks' tight box is 45 – 75 % of the
    image's; a few faces stand partly out of it. Contour landmarks follow the visible silhouette, as 300-W's and
    WFLW's do, so the face itself never hides them; the others are points of the face's surface, seen or not.

    Args:
        seed: Names the data set; at least 0.
        index: Names the face; at least 0.
        schema: ``ibug68`` or ``wflw98``.
        size: Side of the image, pixels; even, at least 32.

    Returns:
        A record whose landmarks are exact and complete; ``visible`` is False for what the face itself, an
        occluder or the image's border hides. ``box`` is the tight box of the 98 landmarks, jittered by a few
        percent as a detector's would be. All six attributes of WFLW are set.

    Raises:
        UserError: There is no such schema, the size is odd or too small, or seed or index is negative.
    """
    check_schema(schema)
    _check(seed, index, size)
    chances = Chances(seed, index)
    identity, expression, pose = sample_identity(chances), sample_expression(chances), sample_pose(chances)
    appearance, light, camera = sample_appearance(chances), sample_light(chances), sample_camera(chances)
    face = _place(identity, expression, pose, size, chances)
    full = read_landmarks("wflw98", face.curves)
    box = _box(full, chances)

    canvas = paint_portrait(paint_background(size, chances), face, appearance, light, chances)
    mask = occlude(canvas, face, appearance, chances)
    image = take(canvas, camera, face.unit, chances)
    return FaceRecord(
        image=image,
        points=read_landmarks(schema, face.curves),
        visible=_visible(schema, face, mask),
        box=box,
        attributes=describe(pose, expression, appearance, light, camera, _covered(full, mask)),
    )


def _check(seed: int, index: int, size: int) -> None:
    if seed < 0 or index < 0:
        raise UserError(f"synthetic face (seed {seed}, index {index}): both start at 0; give none below")
    if size < SMALLEST or size % 2:
        raise UserError(f"synthetic face of {size} px: the side is an even number of at least {SMALLEST} px")


def _place(identity: Identity, expression: Expression, pose: Pose, size: int, chances: Chances) -> PosedFace:
    """The face at a random place: inside the image, or for one in twelve partly out of it."""
    side = chances.uniform(0.45, 0.75) * size
    slack = (size - side) / 2 * (1.2 if chances.happens(0.08) else 0.85)
    shift = np.array([chances.uniform(-slack, slack), chances.uniform(-slack, slack)])
    return place_face(identity, expression, pose, (size - 1) / 2 + shift, side)


def _box(points: Array, chances: Chances) -> Array:
    """(x0, y0, x1, y1): the tight box, each edge moved by up to 4 % of the box's side."""
    low, high = points.min(axis=0), points.max(axis=0)
    jitter = np.array([chances.uniform(-0.04, 0.04) for _ in range(4)])
    return np.asarray(np.concatenate([low, high]) + jitter * np.tile(high - low, 2))


def _covered(points: Array, mask: Canvas) -> NDArray[np.bool_]:
    """(N,) whether the mask is set at the landmark's pixel; outside the image nothing is covered."""
    column, row = np.rint(points).astype(int).T
    within = _within(points, len(mask))
    return np.asarray(within & (mask[row * within, column * within] > 127))


def _within(points: Array, size: int) -> NDArray[np.bool_]:
    """(N,) whether the landmark lies in the image, whose border runs half a pixel outside the outer centers."""
    return np.asarray(((points >= -0.5) & (points < size - 0.5)).all(axis=1))


def _visible(schema: str, face: PosedFace, mask: Canvas) -> NDArray[np.bool_]:
    points = read_landmarks(schema, face.curves)
    return np.asarray(_within(points, len(mask)) & ~_covered(points, mask) & ~read_landmarks(schema, face.hidden))
