"""Milliseconds per sample of targets and decoding on one core: ``python benchmarks/targets.py``."""

import time
from collections.abc import Callable
from typing import Any, get_args

import torch

from facealign.geometry import load_schema
from facealign.targets import (
    BoundaryMap,
    DecodeSettings,
    EdgeMaps,
    EdgeMapSettings,
    HeatmapSettings,
    decode_heatmaps,
    gaussian_heatmaps,
)

BATCH = 32


def milliseconds_per_sample(work: Callable[[], Any], seconds: float = 1.0) -> float:
    work()
    best, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best / BATCH * 1e3


def face_like(landmarks: int, map_size: int) -> torch.Tensor:
    """(B, N, 2) points all over the middle of the map, neighbours a few pixels apart."""
    angle = torch.linspace(0, 8 * torch.pi, landmarks)
    spiral = torch.stack([angle.cos(), angle.sin()], dim=-1) * torch.linspace(0.1, 0.45, landmarks)[:, None]
    return (spiral + 0.5) * map_size + torch.rand(BATCH, 1, 2)


def main() -> None:
    torch.set_num_threads(1)
    print(f"best of 1 s, batches of {BATCH}, one core; ms per sample")
    for name in ("ibug68", "wflw98"):
        schema = load_schema(name)
        for map_size in (32, 64):
            points = face_like(schema.size, map_size)
            valid = torch.ones(points.shape[:2], dtype=torch.bool)
            boundary, heatmaps = BoundaryMap(schema, map_size), HeatmapSettings()
            edges = EdgeMaps(schema, map_size, EdgeMapSettings())
            maps = gaussian_heatmaps(points, valid, map_size, heatmaps)
            works: dict[str, Callable[[], Any]] = {
                "heatmaps": lambda p=points, v=valid, s=map_size, h=heatmaps: gaussian_heatmaps(p, v, s, h),
                "boundary": lambda p=points, v=valid, b=boundary: b(p, v),
                f"{len(schema.edges)} edges": lambda p=points, v=valid, e=edges: e(p, v),
            }
            for rule in get_args(DecodeSettings.model_fields["rule"].annotation):
                works[f"decode {rule}"] = lambda m=maps, r=rule: decode_heatmaps(m, DecodeSettings(rule=r))
            for work_name, work in works.items():
                print(f"{name} {map_size}×{map_size} {work_name:26s} {milliseconds_per_sample(work):.3f}")


if __name__ == "__main__":
    main()
