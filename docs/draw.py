"""Draws the pictures of the documentation that the program can draw by itself.

python docs/draw.py
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from facealign.data.synthetic import draw_face
from facealign.data.views import cut_image, plain_view
from facealign.data.warp import warp
from facealign.geometry import CropSettings, affine, landmark_box, load_schema, stored_crop
from facealign.report.faces import FaceCell, contact_sheet, save_png

PICTURES = Path(__file__).parent / "pictures"
FACES = (0, 9, 18, 29, 35, 53)
STORED, INPUT, BOX = "#d55e00", "#009e73", "#0072b2"


def synthetic_faces() -> None:
    """The same drawn faces with 68 and with 98 landmarks."""
    for schema in ("ibug68", "wflw98"):
        cells = []
        for index in FACES:
            face = draw_face(0, index, schema, 320)
            true = ", ".join(name for name, value in face.attributes.items() if value) or "none of the attributes"
            cells.append(FaceCell(image=face.image, truth=face.points, visible=face.visible, caption=true))
        sheet = contact_sheet(cells, load_schema(schema), columns=6, cell_size=200, title=f"Drawn faces, {schema}")
        save_png(PICTURES / f"synthetic-{schema}.png", sheet)


def crop_rule() -> None:
    """A photo with its squares, what is stored of it, and what the network sees."""
    face, crop = draw_face(0, 18, "ibug68", 320), CropSettings()
    box = landmark_box(face.points)
    to_stored = stored_crop(box, crop)
    stored = warp(face.image, to_stored, crop.stored_size)
    view = plain_view(crop)
    figure = Figure(figsize=(10, 3.9), layout="constrained")
    photo_axes, stored_axes, input_axes = figure.subplots(1, 3)

    photo_axes.imshow(face.image)
    photo_axes.scatter(*face.points.T, s=3, color="white")
    _square(photo_axes, affine.identity(), box, BOX, "box of the landmarks")
    for size, way, colour, name in (
        (crop.stored_size, to_stored, STORED, "stored"),
        (crop.size, affine.compose(view.matrix, to_stored), INPUT, "input"),
    ):
        _square(photo_axes, affine.invert(way), (-0.5, -0.5, size - 0.5, size - 0.5), colour, name)
    photo_axes.set_title("photo", loc="left")
    photo_axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.04), ncols=3, frameon=False, fontsize=8)

    stored_axes.imshow(stored)
    whole = (-0.5, -0.5, crop.size - 0.5, crop.size - 0.5)
    _square(stored_axes, affine.invert(view.matrix), whole, INPUT, "input")
    stored_axes.set_title(f"stored: {crop.stored_size} × {crop.stored_size} px", loc="left", color=STORED)
    input_axes.imshow(cut_image(stored, view, crop.size))
    input_axes.scatter(*affine.apply(affine.compose(view.matrix, to_stored), face.points).T, s=6, color="white")
    input_axes.set_title(f"input: {crop.size} × {crop.size} px", loc="left", color=INPUT)
    for axes in (photo_axes, stored_axes, input_axes):
        axes.set_axis_off()
    figure.savefig(PICTURES / "crop.png", dpi=110)


def _square(axes, way, box, colour, name) -> None:  # noqa: ANN001 - matplotlib's axes and plain arrays
    x0, y0, x1, y1 = box
    (left, top), (right, bottom) = affine.apply(way, np.array([(x0, y0), (x1, y1)]))
    axes.add_patch(
        Rectangle(
            (left, top),
            right - left,
            bottom - top,
            fill=False,
            color=colour,
            linewidth=2,
            label=name,
            clip_on=False,
        )
    )


if __name__ == "__main__":
    synthetic_faces()
    crop_rule()
