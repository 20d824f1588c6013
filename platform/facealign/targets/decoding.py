"""Heatmaps → landmarks, map pixels. Every rule is unbiased: its mean error on either heatmap form is zero."""

from typing import Literal

import torch
from pydantic import Field, field_validator
from torch import Tensor
from torch.nn import functional

from facealign.config import Settings


class DecodeSettings(Settings):
    """Settings of decoding a heatmap to a point; the default is AWing's."""

    rule: Literal["argmax", "quarter", "local_soft_argmax", "soft_argmax"] = Field(
        default="quarter",
        description="argmax: the highest pixel; quarter: that, a quarter pixel towards the higher neighbor in x "
        "and in y (Newell et al.); local_soft_argmax: the mean position of a window about it, weighted by "
        "exp(temperature · response) (Subpixel, Eqs. 4 and 5); soft_argmax: the same over the whole map, "
        "whose background pulls it to the middle unless the network was trained through it (Subpixel, Table 1)",
    )
    window: int = Field(default=5, ge=1, description="side of the soft-argmax's window, map px; odd")
    temperature: float = Field(default=10.0, gt=0.0, description="τ of both soft-argmaxes")

    @field_validator("window")
    @classmethod
    def _odd(cls, window: int) -> int:
        if window % 2 == 0:
            raise ValueError("the window has a pixel in its middle; choose an odd side")
        return window


def decode_heatmaps(heatmaps: Tensor, settings: DecodeSettings) -> Tensor:
    """(B, N, H, W) responses → (B, N, 2) float32 landmarks, map pixels.

    Of equal pixels the first counts as the highest; a map without any response decodes to its first pixel. A pixel
    beyond the border counts neither for the quarter pixel nor in the window. The soft-argmaxes pass gradients on
    to the responses.
    """
    heatmaps = heatmaps.float().contiguous()
    if settings.rule == "soft_argmax":
        return _mean_position(heatmaps * settings.temperature)
    peaks = _argmax(heatmaps)
    if settings.rule == "argmax":
        return peaks.float()
    if settings.rule == "quarter":
        return peaks + 0.25 * _higher_neighbor(heatmaps, peaks)
    return peaks + _local_mean(heatmaps, peaks, settings.window, settings.temperature)


def _argmax(heatmaps: Tensor) -> Tensor:
    """(B, N, 2) int64, x and y of the highest pixels."""
    # The highest row, then its highest pixel: maxima are vectorized, and argmax over whole maps is 7 times slower.
    row = heatmaps.amax(dim=-1).argmax(dim=-1)
    best_row = heatmaps.gather(2, row[..., None, None].expand(-1, -1, 1, heatmaps.shape[-1]))
    return torch.stack([best_row.squeeze(2).argmax(dim=-1), row], dim=-1)


def _higher_neighbor(heatmaps: Tensor, peaks: Tensor) -> Tensor:
    """(B, N, 2) in −1, 0, 1: on which side of a peak the response is higher, in x and in y; 0 at the border."""
    window, inside = _windows(heatmaps, peaks, radius=1)
    right_down = torch.stack([window[..., 1, 2], window[..., 2, 1]], dim=-1)
    left_up = torch.stack([window[..., 1, 0], window[..., 0, 1]], dim=-1)
    known = torch.stack([inside[..., 1, 0] & inside[..., 1, 2], inside[..., 0, 1] & inside[..., 2, 1]], dim=-1)
    return torch.sign(right_down - left_up) * known


def _local_mean(heatmaps: Tensor, peaks: Tensor, side: int, temperature: float) -> Tensor:
    """(B, N, 2), mean position relative to the peaks."""
    radius = side // 2
    window, inside = _windows(heatmaps, peaks, radius)
    return _mean_position((window * temperature).masked_fill(~inside, -torch.inf)) - radius


def _mean_position(scores: Tensor) -> Tensor:
    """(B, N, H, W) → (B, N, 2): the mean column and row, each pixel weighted by the softmax of its score."""
    shares = functional.softmax(scores.flatten(-2), dim=-1).view_as(scores)
    height, width = scores.shape[-2:]
    columns, rows = (torch.arange(n, dtype=shares.dtype, device=shares.device) for n in (width, height))
    return torch.stack([(shares.sum(-2) * columns).sum(-1), (shares.sum(-1) * rows).sum(-1)], dim=-1)


def _windows(heatmaps: Tensor, peaks: Tensor, radius: int) -> tuple[Tensor, Tensor]:
    """The (B, N, 2r+1, 2r+1) responses about the peaks, and which of them lie on the map."""
    height, width = heatmaps.shape[-2:]
    steps = torch.arange(-radius, radius + 1, device=heatmaps.device)
    columns, rows = (peaks[..., None] + steps).unbind(dim=2)
    inside_rows, inside_columns = (rows >= 0) & (rows < height), (columns >= 0) & (columns < width)
    inside = inside_rows[..., :, None] & inside_columns[..., None, :]
    places = rows.clamp(0, height - 1)[..., :, None] * width + columns.clamp(0, width - 1)[..., None, :]
    window = heatmaps.flatten(2).gather(-1, places.flatten(2))
    return window.view(inside.shape), inside
