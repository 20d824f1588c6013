"""Images with a ``.pts`` file, as iBUG's data sets have them."""

from pathlib import Path

import numpy as np
from PIL import Image

from facealign.data.synthetic import draw_face


def pts_text(points_N2: np.ndarray) -> str:
    """iBUG's text, of points in 0-based pixels."""
    lines = [f"{x:.6f} {y:.6f}" for x, y in points_N2 + 1.0]
    return "\n".join(["version: 1", f"n_points: {len(lines)}", "{", *lines, "}", ""])


def put_face(root: Path, stem: str, number: int, ending: str = ".png") -> None:
    """A synthetic face: its image, and its 68 landmarks beside it."""
    face = draw_face(0, number, "ibug68", 64)
    path = root / stem
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(face.image).save(f"{path}{ending}")
    Path(f"{path}.pts").write_text(pts_text(face.points), encoding="ascii")
