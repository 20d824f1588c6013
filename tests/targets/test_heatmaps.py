import math

import pytest
import torch
from pydantic import ValidationError

from facealign.targets import HeatmapSettings, gaussian_heatmaps


def pixel(form, point, x, y, sigma=1.75, patch=7):
    """One pixel of one heatmap, from the definition."""
    cx, cy = (math.floor(c + 0.5) if form == "patch" else c for c in point)
    if form == "patch" and max(abs(x - cx), abs(y - cy)) > patch // 2:
        return 0.0
    return math.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * sigma**2))


@pytest.mark.parametrize("form", ["patch", "continuous"])
@pytest.mark.parametrize("point", [(7.2, 4.9), (0.0, 15.0), (-1.6, 8.0), (17.4, 17.4), (-40.0, 3.0)])
def test_every_pixel_against_the_definition(form, point):
    points, valid = torch.tensor([[point]], dtype=torch.float64), torch.ones(1, 1, dtype=torch.bool)
    got = gaussian_heatmaps(points, valid, 16, HeatmapSettings(form=form))
    expected = [[pixel(form, point, x, y) for x in range(16)] for y in range(16)]
    torch.testing.assert_close(got[0, 0], torch.tensor(expected, dtype=torch.float64), atol=1e-12, rtol=0)


def test_the_papers_patch_is_7x7_about_the_pixel_of_the_landmark_with_peak_1():
    points, valid = torch.tensor([[[20.4, 31.6]]]), torch.ones(1, 1, dtype=torch.bool)
    heatmap = gaussian_heatmaps(points, valid, 64, HeatmapSettings())[0, 0]
    assert heatmap.count_nonzero() == 49
    assert heatmap[32, 20] == heatmap.max() == 1.0
    assert heatmap.count_nonzero() / heatmap.numel() == pytest.approx(0.012, abs=5e-4)


def test_invalid_landmarks_leave_nothing_and_samples_do_not_mix():
    points, valid = torch.rand(4, 5, 2) * 16, torch.rand(4, 5) > 0.4
    together = gaussian_heatmaps(points, valid, 16, HeatmapSettings())
    assert torch.equal(together.amax((2, 3)) > 0, valid)
    alone = gaussian_heatmaps(points[2:3], valid[2:3], 16, HeatmapSettings())
    assert torch.equal(together[2:3], alone)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("faces", [0, 2])
def test_any_number_of_faces_in_the_type_of_their_points(faces, dtype):
    points = torch.full((faces, 3, 2), 4.0, dtype=dtype)
    got = gaussian_heatmaps(points, torch.ones(faces, 3, dtype=torch.bool), 8, HeatmapSettings())
    assert (got.shape, got.dtype) == ((faces, 3, 8, 8), dtype)
    assert got.is_contiguous()
    assert torch.equal(got[:, :, 4, 4], torch.ones(faces, 3, dtype=dtype))


def test_an_even_patch_is_refused():
    with pytest.raises(ValidationError, match="odd side"):
        HeatmapSettings(patch=6)
