"""``facealign doctor``: is all there that a training needs?"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from facealign.cluster.doctor import DoctorPlan, Finding, examine
from facealign.config import UserError
from facealign.geometry import load_schema
from facealign.methods import METHODS
from facealign.storage.uris import absolute
from facealign.workflows import workspace
from facealign.workflows.settings import Params, load_params, resolve_storage

_BYTES_PER_PARAMETER = 16
"""Bytes of a checkpoint per parameter: float32 weights, their average, and the two moments of Adam."""


def findings(params: Path) -> Iterator[tuple[str, Finding]]:
    """Names and findings, as they come; after settings that are wrong there is nothing more to look at."""
    try:
        settings = resolve_storage(load_params(params))
    except UserError as error:
        yield "settings", Finding("failed", str(error), f"fix {params}, then ask again")
        return
    yield "settings", Finding("ok", f"{params}: every setting is known and in its bounds")
    yield from examine(plan_of(settings))


def plan_of(params: Params) -> DoctorPlan:
    """Make the doctor's plan from the settings of all methods."""
    return DoctorPlan(
        cluster=params.cluster,
        tracking=params.tracking,
        experiment=params.registered_name,
        shards=absolute(workspace.SHARDS),
        batches={method: params.section(method).train.batch_size for method in params.methods},
        checkpoint_bytes=_BYTES_PER_PARAMETER * max(_parameters(params, method) for method in params.methods),
    )


def as_lines(name: str, finding: Finding) -> str:
    """Format a finding for the screen; its remedy follows on a line of its own."""
    lines = [f"{finding.state:<8} {name:<9} {_indented(finding.found)}"]
    if finding.remedy:
        lines.append(f"{'':18} → {_indented(finding.remedy)}")
    return "\n".join(lines)


def as_json(found: Mapping[str, Finding]) -> dict[str, Any]:
    """Return all findings by name, as plain values."""
    return {name: asdict(finding) for name, finding in found.items()}


def _indented(text: str) -> str:
    return text.replace("\n", f"\n{'':18} ")


def _parameters(params: Params, method: str) -> int:
    kind = METHODS[method]
    with torch.device("meta"):
        network = kind(params.section(method).model, load_schema(params.data.landmarks), params.data.crop.size)
    return sum(parameter.numel() for parameter in network.parameters())
