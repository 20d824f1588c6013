import numpy as np
import pytest
from PIL import Image

from facealign.config import UserError
from facealign.geometry import LandmarkSchema, schema_names
from facealign.geometry.schema import load_schema_file
from facealign.report.schema_plot import save_schema_plot, schema_plot

DRAWN = [name for name in schema_names() if load_schema_file(name).layout]


@pytest.mark.parametrize("name", ["cofw29", "ibug68"])
def test_every_landmark_is_numbered_and_every_edge_named(name):
    schema = load_schema_file(name)
    figure = schema_plot(schema, np.array(schema.layout))
    left, right = figure.axes
    assert [text.get_text() for text in left.texts] == [str(i) for i in range(schema.size)]
    assert [text.get_text() for text in left.get_legend().get_texts()] == [edge.name for edge in schema.edges]
    assert {"mirror partners (flip)", "corner", "inter_ocular"} <= {
        text.get_text() for text in right.get_legend().get_texts()
    }


def test_numbers_stand_outside_their_contours():
    """On a ring of landmarks every number is farther from the middle than its dot."""
    angles = np.arange(8) * np.pi / 4
    ring = np.column_stack([np.cos(angles), np.sin(angles)])
    flip = tuple((4 - i) % 8 for i in range(8))
    for order in (range(8), range(7, -1, -1)):
        edge = {"name": "ring", "indices": tuple(order), "closed": True}
        schema = LandmarkSchema.model_validate({"name": "ring", "size": 8, "flip": flip, "edges": (edge,)})
        for text, (x, y) in zip(schema_plot(schema, ring).axes[0].texts, ring, strict=True):
            dx, dy = text.xyann
            assert dx * x - dy * y > 0


def test_the_file_is_a_picture(tmp_path):
    one = LandmarkSchema(name="one", size=1, flip=(0,))
    save_schema_plot(tmp_path / "new" / "one.png", one, np.zeros((1, 2)))
    with Image.open(tmp_path / "new" / "one.png") as picture:
        assert picture.format == "PNG"
        assert min(picture.size) > 100


@pytest.mark.parametrize("layout", [np.zeros((67, 2)), np.full((68, 2), np.nan)])
def test_a_position_is_needed_for_every_landmark(layout):
    with pytest.raises(UserError, match="a plot of ibug68 needs a position for each of its 68 landmarks"):
        schema_plot(load_schema_file("ibug68"), layout)


def test_the_built_in_schemas_of_faces_are_drawn():
    assert {"ibug68", "wflw98", "cofw29", "aflw19"} <= set(DRAWN)
