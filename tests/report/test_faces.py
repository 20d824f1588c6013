import cv2
import numpy as np
import pytest

from facealign.config import UserError
from facealign.geometry import LandmarkSchema, load_schema
from facealign.report import faces
from facealign.report.faces import FaceCell, draw_cell, image_grid, save_png
from facealign.report.style import PREDICTED, TRUTH

DOT = LandmarkSchema.model_validate({"name": "dot", "size": 1, "flip": [0]})


def cell(height=64, width=64, point=(40.25, 20.5), **fields):
    return FaceCell(image=np.full((height, width, 3), 90, np.uint8), truth=np.array([point]), **fields)


def blueness(picture):
    return np.clip(picture[..., 2].astype(float) - picture[..., 0] - 60, 0, None)


@pytest.mark.parametrize(
    ("height", "width", "size"), [(64, 64, 256), (64, 64, 64), (300, 200, 128), (50, 77, 320)]
)
def test_a_mark_follows_the_resized_picture(height, width, size):
    """A bright spot in the image and the landmark on it fall on the same pixel of the cell."""
    x, y = 40, 20
    image = np.zeros((height, width, 3), np.uint8)
    image[y, x] = 255
    nothing = np.array([[np.nan, np.nan]])
    spot = draw_cell(FaceCell(image=image, truth=nothing), DOT, size).astype(float)[..., 0]
    spot[spot == 236] = 0
    mark = blueness(draw_cell(cell(height, width, (x, y)), DOT, size))
    rows, columns = np.indices((size, size))
    for axis in (rows, columns):
        assert (mark * axis).sum() / mark.sum() == pytest.approx((spot * axis).sum() / spot.sum(), abs=0.5)


def test_truth_and_prediction_have_their_colors_and_a_line_between():
    both = cell(predicted=np.array([[20.0, 50.0]]))
    picture = draw_cell(both, DOT, 64)
    assert tuple(picture[50, 20]) == PREDICTED
    assert np.abs(picture[20:22, 40].astype(int) - TRUTH).min() < 30
    assert picture[35, 30].min() > 150


@pytest.mark.parametrize(("count", "columns", "rows"), [(1, 4, 1), (4, 4, 1), (5, 4, 2), (7, 3, 3)])
def test_the_sheet_has_room_for_every_cell(count, columns, rows):
    cells = [cell(caption=f"face {i}") for i in range(count)]
    sheet = image_grid(cells, DOT, columns=columns, cell_size=160)
    width = max(min(columns, count) * 172 + 12, 480)
    assert sheet.shape == (faces.HEADER + rows * (160 + faces.CAPTION), width, 3)
    for position in range(count):
        x, y = 12 + position % columns * 172, faces.HEADER + position // columns * (160 + faces.CAPTION)
        np.testing.assert_array_equal(sheet[y : y + 160, x : x + 160], draw_cell(cells[position], DOT, 160))


def test_words_stay_in_their_bands():
    long = "a_very_long_name/" * 9
    cells = [cell(caption=f"{long}\n{long}") for _ in range(4)]
    named = image_grid(cells, DOT, columns=2, cell_size=240, title=long)
    bare = image_grid([cell() for _ in range(4)], DOT, columns=2, cell_size=240)
    words = (named != bare).any(axis=2)
    for x, y in ((12, faces.HEADER), (264, faces.HEADER)):
        assert not words[y : y + 240, x : x + 240].any()
        assert words[y + 240 : y + 240 + faces.CAPTION, x : x + 240].any()
    assert not words[:, :11].any()
    assert not words[faces.HEADER :, 253:263].any()
    legend = (bare[: faces.HEADER] != 255).any(axis=2)
    assert legend.any()
    assert not (words[: faces.HEADER] & legend).any()


def test_a_box_is_drawn_where_it_is_and_as_far_as_the_picture_goes():
    image = np.zeros((64, 64, 3), np.uint8)
    nothing = np.array([[np.nan, np.nan]])
    box = np.array([10.0, 20.0, 200.0, 40.0])
    picture = draw_cell(FaceCell(image=image, truth=nothing, box=box), DOT, 128).astype(int)
    green = picture[..., 1] - picture[..., 0] > 50
    rows, columns = np.nonzero(green)
    # The pixel x of the image has its center at 2x + 0.5 of the cell.
    assert columns.min() == pytest.approx(20.5, abs=1)
    assert columns.max() == 127
    assert sorted({*rows[columns == 90].tolist()})[0] == pytest.approx(40.5, abs=1)
    assert rows.max() == pytest.approx(80.5, abs=1)
    assert not green[45:75, 30:].any()


def test_the_legend_names_what_occurs():
    def header(**fields):
        return image_grid([cell(**fields)], DOT, cell_size=240)[: faces.HEADER]

    def inked_columns(picture):
        return (picture != 255).any(axis=(0, 2)).sum()

    hidden = np.array([False])
    truth, both = header(), header(predicted=np.zeros((1, 2)))
    assert inked_columns(header(box=np.array([1.0, 2, 3, 4]))) > inked_columns(truth)
    assert 0 < inked_columns(truth) < inked_columns(both)
    assert inked_columns(header(visible=~hidden)) == inked_columns(truth) < inked_columns(header(visible=hidden))


@pytest.mark.parametrize(("shape", "margin"), [((80, 81), 1), ((133, 397), 12), ((776, 1340), 12)])
def test_writing_nothing_changes_no_pixel(shape, margin):
    picture = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    np.testing.assert_array_equal(faces.write(picture, "", [], [], margin), picture)


def test_a_png_reads_back(tmp_path):
    rgb = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    save_png(tmp_path / "new" / "sheet.png", rgb)
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / "new" / "sheet.png"))[..., ::-1], rgb)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"cells": []}, "the list of cells is empty"),
        ({"columns": 0}, "columns 0"),
        ({"cell_size": 8}, "cell_size 8"),
        ({"schema": load_schema("ibug68")}, "do not fit schema ibug68"),
    ],
)
def test_what_cannot_be_drawn_is_refused(arguments, message):
    with pytest.raises(UserError, match=message):
        image_grid(**{"cells": [cell()], "schema": DOT, **arguments})


@pytest.mark.real
def test_landmarks_lie_on_a_real_face(real_data):
    """The pupils are darker than the cheeks: what the 1-based file calls eyes is drawn on the eyes."""
    file = min((real_data / "300W_crops" / "afw").glob("*.pts"))
    numbers = file.read_text().split("{")[1].split("}")[0].split()
    points = np.array(numbers, dtype=float).reshape(-1, 2) - 1
    image = cv2.imread(str(file.with_suffix(".jpg")))[..., ::-1].copy()
    sheet = image_grid([FaceCell(image=image, truth=points, caption=file.stem)], load_schema("ibug68"))
    picture = sheet[faces.HEADER : faces.HEADER + 320, 12 : 12 + 320]
    factor = 320 / max(image.shape[:2])
    offset = (320 - np.round(np.array(image.shape[1::-1]) * factor)) // 2
    for x, y in ((points + 0.5) * factor - 0.5 + offset).round().astype(int):
        assert np.abs(picture[y, x].astype(int) - TRUTH).max() < 60
