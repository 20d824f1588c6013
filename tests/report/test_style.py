import numpy as np
import pytest

from facealign.report.style import PREDICTED, SERIES, TRUTH, new_figure, to_rgb

# Machado, Oliveira and Fernandes (2009), severity 1.0, on linear RGB.
SEEN_BY = {
    "everyone": np.eye(3),
    "protanopes": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopes": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopes": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
LINEAR_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def lab(rgb, matrix):
    """CIE L*a*b* of an sRGB color, as seen through ``matrix``."""
    srgb = np.array(rgb) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    linear = np.clip(np.asarray(matrix) @ linear, 0, 1)
    ratio = LINEAR_TO_XYZ @ linear / LINEAR_TO_XYZ.sum(axis=1)
    x, y, z = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio * (29 / 6) ** 2 / 3 + 4 / 29)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("eyes", SEEN_BY)
def test_truth_and_prediction_differ_to_all_eyes(eyes):
    """A difference of 2 can just be seen; 40 can't be overlooked, even in dots of two pixels."""
    assert np.linalg.norm(lab(TRUTH, SEEN_BY[eyes]) - lab(PREDICTED, SEEN_BY[eyes])) > 40


@pytest.mark.parametrize("eyes", SEEN_BY)
def test_the_first_lines_of_a_plot_differ_to_all_eyes(eyes):
    colors = [lab([int(code[i : i + 2], 16) for i in (1, 3, 5)], SEEN_BY[eyes]) for code in SERIES[:3]]
    pairs = [np.linalg.norm(a - b) for i, a in enumerate(colors) for b in colors[:i]]
    assert min(pairs) > 15


def test_a_figure_has_its_size_and_is_nobodys_but_its_makers():
    import matplotlib.pyplot as plt

    assert to_rgb(new_figure(4, 3)).shape == (450, 600, 3)
    assert not plt.get_fignums()
