"""Measures the error of encoding landmarks as heatmaps and decoding them, without a network.

    python benchmarks/codec.py [FACES …] [--image codec.png]

Each FACES is a `data` section of `params.yaml` in YAML's short form, such as
``'{source: 300w, root: faces/300W, landmarks: ibug68}'``. Its landmarks are cut by its crop rule, at 256 px.
Without any, only landmarks strewn over the map are measured. The image is Figure 3 of "Subpixel Heatmap
Regression" (Bulat et al., BMVC 2021), drawn anew: the NME of each face after encoding and decoding its true
landmarks.
"""

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from ruamel.yaml import YAML
from torch import Tensor

from facealign.data.config import DataConfig
from facealign.data.preparing.checks import check_record
from facealign.data.preparing.cropping import face_box
from facealign.data.record import BadSample
from facealign.geometry import LandmarkSchema, Normalizer, affine, load_schema, stored_crop, view_of_stored
from facealign.metrics import ced, nme
from facealign.report.style import SERIES, new_figure, style_axes
from facealign.targets import (
    DecodeSettings,
    HeatmapSettings,
    crop_to_map,
    decode_heatmaps,
    gaussian_heatmaps,
)

SIZE, STRIDE = 256, 4
SIDE = SIZE // STRIDE
SIGMAS = (1.0, 1.5, 1.75, 2.0)
DECODERS = {
    "argmax": DecodeSettings(rule="argmax"),
    "¼ px": DecodeSettings(rule="quarter"),
    "local 3×3": DecodeSettings(rule="local_soft_argmax", window=3),
    "local 5×5": DecodeSettings(rule="local_soft_argmax", window=5),
    "local 7×7": DecodeSettings(rule="local_soft_argmax", window=7),
    "global": DecodeSettings(rule="soft_argmax"),
}
FIGURE = {
    "rounded, ¼ px": (HeatmapSettings(form="patch"), DECODERS["¼ px"], SERIES[0]),
    "continuous, ¼ px": (HeatmapSettings(form="continuous"), DECODERS["¼ px"], SERIES[2]),
    "continuous, local soft-argmax": (HeatmapSettings(form="continuous"), DECODERS["local 5×5"], SERIES[1]),
}
"""The standard coding, half a step, and the paper's; in the paper's colors, blue and orange."""


@dataclass(frozen=True)
class Landmarks:
    """(F, N, 2) landmarks of F faces, map px; and (F, N) which of them are known."""

    name: str
    points: Tensor
    valid: Tensor

    def round_trip(self, heatmaps: HeatmapSettings, decoding: DecodeSettings, peak: float = 1.0) -> Tensor:
        """(F, N, 2): drawn and read off again, map px."""
        chunks = zip(self.points.split(32), self.valid.split(32), strict=True)
        maps = (gaussian_heatmaps(points, valid, SIDE, heatmaps) for points, valid in chunks)
        return torch.cat([decode_heatmaps(peak * chunk, decoding) for chunk in maps])

    def error(self, heatmaps: HeatmapSettings, decoding: DecodeSettings, peak: float = 1.0) -> float:
        """Mean distance of a known landmark to what is read off, map px."""
        distances = (self.round_trip(heatmaps, decoding, peak) - self.points).norm(dim=-1)
        return distances[self.valid].mean().item()

    def nme(
        self, schema: LandmarkSchema, heatmaps: HeatmapSettings, decoding: DecodeSettings
    ) -> NDArray[np.float64]:
        """(F,) NMEs, fractions."""
        read, true = (p.double().numpy() for p in (self.round_trip(heatmaps, decoding), self.points))
        return nme(read, true, self.valid.numpy(), schema, normalizer_of(schema))


def normalizer_of(schema: LandmarkSchema) -> Normalizer:
    return "inter_ocular" if schema.normalizers.inter_ocular else "box"


def strewn(name: str, remainders: Tensor) -> Landmarks:
    """Every pair of remainders, each in a pixel of its own, away from the border."""
    pairs = torch.cartesian_prod(remainders, remainders).view(len(remainders), -1, 2)
    pixels = torch.randint(8, SIDE - 8, pairs.shape, generator=torch.Generator().manual_seed(0))
    return Landmarks(name, pixels + pairs, torch.ones(pairs.shape[:2], dtype=torch.bool))


def read_faces(text: str) -> tuple[LandmarkSchema, Landmarks]:
    """The landmarks of a data set, as the network's maps have them."""
    data = DataConfig.model_validate(YAML(typ="safe").load(text))
    crop = data.crop.model_copy(update={"size": SIZE})
    schema, source, faces, bad = load_schema(data.landmarks), data.open_source(), [], 0
    for sample in source.samples():
        try:
            record = source.load(sample)
            check_record(sample.id, record, schema)
            to_stored = stored_crop(face_box(sample, record, crop), crop)
        except BadSample:
            bad += 1
            continue
        faces.append(affine.apply(affine.compose(view_of_stored(crop), to_stored), record.points))
    points = torch.from_numpy(np.stack(faces)).float()
    valid = points.isfinite().all(dim=-1)
    name = f"{schema.name} ({data.source}, {len(faces)} faces" + (f", {bad} unusable)" if bad else ")")
    return schema, Landmarks(name, crop_to_map(points.nan_to_num(0.0), STRIDE), valid)


def print_errors(landmarks: Landmarks) -> None:
    """Mean errors, map px, of every decoder."""
    print(f"\n{landmarks.name}: mean error, px of a {SIDE}-px map")
    print(f"{'':30s}" + "".join(f"{name:>10s}" for name in DECODERS))
    continuous = [HeatmapSettings(sigma=sigma, form="continuous") for sigma in SIGMAS]
    rows = [
        ("rounded, 7×7 patch", HeatmapSettings(), 1.0),
        *((f"σ {c.sigma:4g}, peak 1", c, 1.0) for c in continuous),
        *((f"σ {c.sigma:4g}, peak 1/(2πσ²)", c, 1 / (2 * math.pi * c.sigma**2)) for c in continuous),
    ]
    for name, heatmaps, peak in rows:
        errors = [landmarks.error(heatmaps, decoding, peak) for decoding in DECODERS.values()]
        print(f"{name:30s}" + "".join(f"{error:10.4f}" for error in errors), flush=True)


def print_nmes(faces: Sequence[tuple[LandmarkSchema, Landmarks]]) -> None:
    print("\nNME after encoding and decoding, %: mean and the worst face's")
    for schema, landmarks in faces:
        print(f"{landmarks.name}, by {normalizer_of(schema)}")
        for name, (heatmaps, decoding, _) in FIGURE.items():
            values = 100 * landmarks.nme(schema, heatmaps, decoding)
            print(f"  {name:30s}{values.mean():8.3f}{values.max():8.3f}")


def draw(path: Path, faces: Sequence[tuple[LandmarkSchema, Landmarks]]) -> None:
    """Figure 3: how the faces' NMEs are distributed, a panel for each data set."""
    figure = new_figure(3.2 * len(faces), 3.6)
    steps = np.geomspace(0.8e-4, 4e-2, 801)
    panels = figure.subplots(1, len(faces), sharey=True, squeeze=False)[0]
    for number, (axes, (schema, landmarks)) in enumerate(zip(panels, faces, strict=True)):
        for name, (heatmaps, decoding, color) in FIGURE.items():
            fractions = ced(landmarks.nme(schema, heatmaps, decoding), steps)
            label = None if number else name
            axes.plot(100 * steps, 100 * fractions, color=color, linewidth=1.8, label=label, clip_on=False)
        unit = normalizer_of(schema).replace("_", "-")
        title = f"{schema.name}, {len(landmarks.points)} faces"
        style_axes(axes, title, f"NME, % ({unit})", "" if number else "faces with at most this NME, %")
        axes.set(xscale="log", xlim=(100 * steps[0], 100 * steps[-1]), ylim=(0, 100))
        axes.set_xticks([0.01, 0.1, 1], ["0.01", "0.1", "1"])
        axes.minorticks_off()
    figure.legend(loc="outside lower center", ncols=len(FIGURE), frameon=False, fontsize=9)
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faces", nargs="*", help="`data` sections, YAML")
    parser.add_argument("--image", type=Path, help="where to draw the figure; needs faces")
    arguments = parser.parse_args()
    if arguments.image and not arguments.faces:
        parser.error("--image draws the errors of real faces; name some")
    faces = [read_faces(text) for text in arguments.faces]
    print_errors(strewn("all remainders alike", (torch.arange(64) + 0.5) / 64 - 0.5))
    print_errors(strewn("landmarks on half pixels of the crop", torch.arange(-4, 4) / 8))
    for _, landmarks in faces:
        print_errors(landmarks)
    if faces:
        print_nmes(faces)
    if arguments.image:
        draw(arguments.image, faces)


if __name__ == "__main__":
    main()
