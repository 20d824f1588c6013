"""Base of the reports' pages: HTML without external files, with embedded plots."""

import base64
import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.figure import Figure
from numpy.typing import NDArray

from facealign.config import UserError
from facealign.data.images import encode
from facealign.report.style import WIDTH

_PIXELS = 120  # of the page, for an inch of a plot, at the most


@dataclass(frozen=True)
class EmbeddedImage:
    """A plot on a page: its file and width in inches, or why there is none."""

    data: bytes | None
    inches: float = 0.0
    error: str = ""
    kind: Literal["png", "jpeg"] = "png"

    @property
    def url(self) -> str:
        """The image as a data URI."""
        assert self.data is not None, "an error has no image"
        return f"data:image/{self.kind};base64," + base64.b64encode(self.data).decode("ascii")

    @property
    def pixels(self) -> int:
        """The greatest width on the page."""
        return round(_PIXELS * self.inches)

    @property
    def is_wide(self) -> bool:
        """Whether it is scrolled on a telephone, and not shrunk."""
        return self.inches > 1.2 * WIDTH


def shown(draw: Callable[[], Figure]) -> EmbeddedImage:
    """Embed the plot of a function, or its error message."""
    try:
        figure = draw()
    except UserError as error:
        return EmbeddedImage(None, error=str(error))
    return EmbeddedImage(png_of(figure), inches=float(figure.get_figwidth()))


def jpeg(rgb: NDArray[np.uint8], quality: int = 85) -> EmbeddedImage:
    """(H, W, 3) uint8 RGB of photographs, which a PNG would need ten times the bytes for."""
    return EmbeddedImage(encode(rgb, "jpeg", quality), inches=rgb.shape[1] / _PIXELS, kind="jpeg")


def png_of(figure: Figure) -> bytes:
    """The figure as a PNG file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def templates() -> Environment:
    """The templates below this package; a page extends ``page.html.j2``."""
    return Environment(
        loader=PackageLoader("facealign.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def write_whole(path: Path, content: bytes) -> None:
    """Write a file atomically; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(content)
    os.replace(partial, path)
