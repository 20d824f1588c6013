"""Draw the images of the documentation that follow from synthetic faces alone.

python docs/draw.py
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from facealign.data.augmentation.views import cut_image, plain_view
from facealign.data.preparing.warp import warp
from facealign.data.statistics import Statistics
from facealign.data.synthetic import draw_face
from facealign.geometry import CropSettings, affine, landmark_box, load_schema, stored_crop
from facealign.geometry.schema import load_schema_file
from facealign.report.faces import FaceCell, image_grid, save_png
from facealign.report.schema_plot import save_schema_plot
from facealign.report.style import FONT, INK, SERIES, SMALL_SIZE, TEXT_SIZE, new_figure

IMAGES = Path(__file__).parent / "images"
FACES = (0, 9, 18, 29, 35, 53)
STORED, INPUT, BOX = "#d55e00", "#009e73", "#0072b2"


def synthetic_faces() -> None:
    """Draw the same synthetic faces with 68 and with 98 landmarks."""
    for schema in ("ibug68", "wflw98"):
        cells = []
        for index in FACES:
            face = draw_face(0, index, schema, 320)
            true = ", ".join(name for name, value in face.attributes.items() if value) or "none of the attributes"
            cells.append(FaceCell(image=face.image, truth=face.points, visible=face.visible, caption=true))
        sheet = image_grid(
            cells, load_schema(schema), columns=6, cell_size=200, title=f"Synthetic faces, {schema}"
        )
        save_png(IMAGES / f"synthetic-{schema}.png", sheet)


def crop_rule() -> None:
    """Draw a photo with its boxes, the stored crop, and the network's input."""
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
    for size, way, color, name in (
        (crop.stored_size, to_stored, STORED, "stored"),
        (crop.size, affine.compose(view.matrix, to_stored), INPUT, "input"),
    ):
        _square(photo_axes, affine.invert(way), (-0.5, -0.5, size - 0.5, size - 0.5), color, name)
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
    figure.savefig(IMAGES / "crop.png", dpi=110)


def pose_bins() -> None:
    """Draw mean shape and number of the synthetic faces in each pose bin."""
    schema, crop, faces = load_schema("ibug68"), CropSettings(), 1500
    points = np.stack([_input_points(draw_face(0, i, schema.name, 64).points, crop) for i in range(faces)])
    valid = np.ones(points.shape[:2], dtype=np.bool_)
    pose = Statistics.of(lambda: [(points, valid)], schema).pose
    figure = new_figure(12, 2.6)
    shapes, bars = figure.subplots(2, len(pose.counts), sharey="row", height_ratios=(5, 2))
    for number, (mean, count) in enumerate(zip(pose.means, pose.counts, strict=True)):
        for edge in schema.edges:
            shapes[number].plot(*mean[list(edge.polyline)].T, color=SERIES[0], linewidth=1.2)
        shapes[number].set(xlim=(0, crop.size), aspect="equal")
        shapes[number].set_title(f"bin {number}", loc="center", fontsize=TEXT_SIZE, color=INK, family=FONT)
        bars[number].bar(0, count, width=0.5, color=SERIES[0])
        bars[number].text(0, count, f"{count}", ha="center", va="bottom", fontsize=SMALL_SIZE, color=INK)
        bars[number].set(xlim=(-1, 1))
        for axes in (shapes[number], bars[number]):
            axes.set_axis_off()
    shapes[0].set_ylim(0.95 * crop.size, 0.05 * crop.size)
    bars[0].set_ylim(0, 1.3 * pose.counts.max())
    figure.savefig(IMAGES / "pose-bins.png", dpi=110)


def _input_points(points, crop):  # noqa: ANN001, ANN202 - pixels of the photo to pixels of the network's input
    to_stored = stored_crop(landmark_box(points), crop)
    return affine.apply(affine.compose(plain_view(crop).matrix, to_stored), points).astype(np.float32)


def schema() -> None:
    """Draw a built-in schema."""
    drawn = load_schema_file("wflw98")
    save_schema_plot(IMAGES / "schema-wflw98.png", drawn, np.array(drawn.layout))


def _square(axes, way, box, color, name) -> None:  # noqa: ANN001 - matplotlib's axes and plain arrays
    x0, y0, x1, y1 = box
    (left, top), (right, bottom) = affine.apply(way, np.array([(x0, y0), (x1, y1)]))
    axes.add_patch(
        Rectangle(
            (left, top),
            right - left,
            bottom - top,
            fill=False,
            color=color,
            linewidth=2,
            label=name,
            clip_on=False,
        )
    )


if __name__ == "__main__":
    synthetic_faces()
    crop_rule()
    schema()
    pose_bins()
