import math

import pytest
import torch
from pydantic import ValidationError

from facealign.targets import (
    DecodeSettings,
    HeatmapSettings,
    crop_to_map,
    decode_heatmaps,
    gaussian_heatmaps,
    map_to_crop,
)

RULES = ["argmax", "quarter", "local_soft_argmax"]


def round_trip(rule, form, faces=60):
    """Landmarks strewn over the middle of a 64-px map, and what a perfect heatmap decodes to, crop pixels."""
    points = 40 + 176 * torch.rand(faces, 68, 2, generator=torch.Generator().manual_seed(0))
    valid = torch.ones(points.shape[:2], dtype=torch.bool)
    heatmaps = gaussian_heatmaps(crop_to_map(points, 4), valid, 64, HeatmapSettings(form=form))
    return points, map_to_crop(decode_heatmaps(heatmaps, DecodeSettings(rule=rule)), 4)


# A point uniform in a square of side 1 is on average (√2 + ln(1 + √2)) / 6 = 0.3826 from its center; the quarter
# rule halves the square. The soft-argmax's metric is measured, for σ 1.75, peak 1, τ 10.
@pytest.mark.parametrize(
    ("rule", "mean_error"), [("argmax", 0.3826), ("quarter", 0.3826 / 2), ("local_soft_argmax", 0.0125)]
)
def test_mean_error_of_a_perfect_heatmap(rule, mean_error):
    points, decoded = round_trip(rule, "continuous")
    errors = (decoded - points).norm(dim=-1) / 4
    assert errors.mean().item() == pytest.approx(mean_error, rel=0.03)


# On half pixels of the crop a remainder is a multiple of ⅛ map px. An eighth of them are 0: the neighbors are
# equal, the quarter rule shifts nothing, and is right.
@pytest.mark.parametrize(
    ("rule", "mean_error"), [("argmax", 0.3867), ("quarter", 0.1550), ("local_soft_argmax", 0.0125)]
)
def test_mean_error_of_landmarks_on_half_pixels_of_the_crop(rule, mean_error):
    remainders = torch.cartesian_prod(torch.arange(8), torch.arange(8)) / 2
    points = 120 + remainders.view(1, 64, 2)
    heatmaps = gaussian_heatmaps(
        crop_to_map(points, 4), torch.ones(1, 64, dtype=torch.bool), 64, HeatmapSettings(form="continuous")
    )
    decoded = map_to_crop(decode_heatmaps(heatmaps, DecodeSettings(rule=rule)), 4)
    assert ((decoded - points).norm(dim=-1) / 4).mean().item() == pytest.approx(mean_error, abs=2e-4)


def test_a_soft_argmax_needs_a_peak_of_1():
    """With Eq. 1's 1/(2πσ²) and τ 10 the window is nearly flat, and its mean nearly the highest pixel."""
    points = torch.tensor([[[31.4, 32.0]]])
    valid = torch.ones(1, 1, dtype=torch.bool)
    heatmaps = gaussian_heatmaps(points, valid, 64, HeatmapSettings(form="continuous"))
    for peak, low, high in ((1.0, 31.38, 31.42), (1 / (2 * math.pi * 1.75**2), 31.0, 31.1)):
        x, y = decode_heatmaps(peak * heatmaps, DecodeSettings(rule="local_soft_argmax"))[0, 0].tolist()
        assert low < x < high
        assert y == pytest.approx(32.0, abs=1e-4)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("form", ["patch", "continuous"])
def test_no_rule_is_biased_on_either_form(rule, form):
    points, decoded = round_trip(rule, form)
    # 1.155 px is the standard deviation of rounding to 4 px; the mean of 4080 has a 63rd of it.
    assert (decoded - points).mean((0, 1)).abs().max() < 4 * 1.155 / 63


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("spot", [(0, 0), (7, 0), (0, 9), (7, 9), (3, 0)])
def test_peaks_at_the_border_stay_on_the_map(rule, spot):
    x, y = spot
    heatmaps = torch.full((1, 1, 10, 8), -1.0)
    heatmaps[0, 0, y, x] = 2.0
    decoded = decode_heatmaps(heatmaps, DecodeSettings(rule=rule))
    torch.testing.assert_close(decoded[0, 0], torch.tensor([x, y]).float(), atol=1e-3, rtol=0)


def test_a_quarter_pixel_towards_the_higher_neighbors():
    heatmaps = torch.zeros(1, 1, 5, 5)
    heatmaps[0, 0, 2, 2], heatmaps[0, 0, 2, 3], heatmaps[0, 0, 1, 2] = 1.0, 0.5, 0.4
    assert decode_heatmaps(heatmaps, DecodeSettings())[0, 0].tolist() == [2.25, 1.75]


def test_of_equal_pixels_the_first():
    heatmaps = torch.zeros(1, 2, 4, 6)
    heatmaps[0, 1, [1, 1, 3], [2, 4, 0]] = 1.0
    assert decode_heatmaps(heatmaps, DecodeSettings(rule="argmax"))[0].tolist() == [[0, 0], [2, 1]]


def test_soft_argmax_against_its_definition():
    heatmaps = torch.rand(3, 4, 9, 7).contiguous(memory_format=torch.channels_last)
    decoded = decode_heatmaps(heatmaps, DecodeSettings(rule="local_soft_argmax", window=3, temperature=4.0))
    for b in range(3):
        for n in range(4):
            row, column = divmod(int(heatmaps[b, n].flatten().argmax()), 7)
            near = [(x, y) for y in range(row - 1, row + 2) for x in range(column - 1, column + 2)]
            near = torch.tensor([(x, y) for x, y in near if 0 <= x < 7 and 0 <= y < 9])
            weights = torch.exp(4.0 * heatmaps[b, n, near[:, 1], near[:, 0]])
            expected = (near * weights[:, None]).sum(0) / weights.sum()
            torch.testing.assert_close(decoded[b, n], expected)


def test_soft_argmax_passes_gradients_on():
    heatmaps = torch.rand(1, 2, 8, 8, requires_grad=True)
    decode_heatmaps(heatmaps, DecodeSettings(rule="local_soft_argmax")).sum().backward()
    assert heatmaps.grad.count_nonzero() > 0


def test_an_even_window_is_refused():
    with pytest.raises(ValidationError, match="odd side"):
        DecodeSettings(window=4)
