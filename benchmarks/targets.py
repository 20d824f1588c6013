"""Milliseconds per sample of targets and decoding on one core: ``python benchmarks/targets.py``.

Counted is the time of the process on the processor, the system's included, so that other programs hardly disturb.
The first line is an anchor: numbers below it are to be judged by it on any machine.
"""

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
SECONDS = 1.0


def milliseconds_per_sample(work: Callable[[], Any]) -> float:
    work()
    best, end = float("inf"), time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best / BATCH * 1e3


def face_like(landmarks: int, map_size: int) -> torch.Tensor:
    """(B, N, 2) points all over the middle of the map, neighbors a few pixels apart."""
    angle = torch.linspace(0, 8 * torch.pi, landmarks)
    spiral = torch.stack([angle.cos(), angle.sin()], dim=-1) * torch.linspace(0.1, 0.45, landmarks)[:, None]
    return (spiral + 0.5) * map_size + torch.rand(BATCH, 1, 2)


def works(name: str, map_size: int) -> dict[str, Callable[[], Any]]:
    """Return the measured functions, by name."""
    schema = load_schema(name)
    points = face_like(schema.size, map_size)
    valid = torch.ones(points.shape[:2], dtype=torch.bool)
    boundary, edges = BoundaryMap(schema, map_size), EdgeMaps(schema, map_size, EdgeMapSettings())

    def heatmaps() -> torch.Tensor:
        return gaussian_heatmaps(points, valid, map_size, HeatmapSettings())

    def decoding(rule: Any) -> Callable[[], torch.Tensor]:
        maps, settings = heatmaps(), DecodeSettings(rule=rule)
        return lambda: decode_heatmaps(maps, settings)

    shape = (BATCH, schema.size, map_size, map_size)
    rules = get_args(DecodeSettings.model_fields["rule"].annotation)
    return {
        "anchor: empty, fill, exp": lambda: torch.empty(shape).fill_(-1.0).exp_(),
        f"{schema.size} heatmaps": heatmaps,
        f"{len(schema.edges)} edges": lambda: edges(points, valid),
        f"{schema.size} heatmaps + {len(schema.edges)} edges": lambda: (heatmaps(), edges(points, valid)),
        "boundary": lambda: boundary(points, valid),
        **{f"decode {rule}": decoding(rule) for rule in rules},
    }


def main() -> None:
    torch.set_num_threads(1)
    print(f"best of {SECONDS:g} s, batches of {BATCH}, one core; ms of processor time per sample")
    for name in ("ibug68", "wflw98"):
        for map_size in (32, 64):
            for work_name, work in works(name, map_size).items():
                milliseconds = milliseconds_per_sample(work)
                print(f"{name} {map_size}×{map_size} {work_name:26s} {milliseconds:.3f}", flush=True)


if __name__ == "__main__":
    main()
