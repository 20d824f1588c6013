import cv2
import numpy as np
import pytest

from facealign.config import UserError
from facealign.workflows.visualize import draw_face_grid


def _grid(shards, augmented, out):
    draw_face_grid(shards, "test", 4, augmented, out)
    return cv2.imread(str(out))


def test_faces_are_drawn_as_a_recipe_shows_them(tiny_shards, tmp_path):
    plain, none, adnet = (_grid(tiny_shards, name, tmp_path / "a.png") for name in (None, "none", "recipe:adnet"))
    np.testing.assert_array_equal(plain, none)
    assert (plain != adnet).any()


def test_an_unknown_recipe_is_refused(tiny_shards, tmp_path):
    with pytest.raises(
        UserError, match=r"'adnte' is neither a method \(.*\) nor an augmentation recipe \(adnet, "
    ):
        draw_face_grid(tiny_shards, "test", 4, "adnte", tmp_path / "a.png")
