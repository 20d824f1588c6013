"""``facealign describe``: what a method is made of, what it costs, and where each choice comes from."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import ValidationError

from facealign.config import Settings, UserError
from facealign.geometry import load_schema
from facealign.methods import METHODS, Method
from facealign.models.cost import count_parameters_and_macs, outputs_on_meta
from facealign.workflows.settings import assign, load_params

PAPER_SIZE = 256
"""Side of the network's input in all five papers, px."""

Preset = Literal["paper", "small"]


def describe(name: str, schema: str, preset: Preset, assignments: Sequence[str], params: Path) -> dict[str, Any]:
    """Everything there is to say of a method before it is trained, as plain values.

    Args:
        name: Of the method.
        schema: Name of a landmark schema, or the path of its YAML file.
        preset: ``paper``: the method's defaults at 256 px; ``small``: as the params file has it.
        assignments: ``key=value`` below the method's model settings.
        params: The params file, read for ``small``.

    Raises:
        UserError: A name is unknown, or a setting breaks a rule.
    """
    kind, landmarks = METHODS[name], load_schema(schema)
    given: dict[str, Any] = {}
    image_size = PAPER_SIZE
    if preset == "small":
        settings = load_params(params)
        given, image_size = settings.section(name).model.model_dump(mode="json"), settings.data.crop.size
    config = _config(kind, assign(given, assignments))
    method = kind(config, landmarks, image_size).eval()
    cost = count_parameters_and_macs(method, image_size)
    return {
        "method": name,
        "paper": " ".join((_module_doc(kind).split("\n\n")[0]).split()),
        "schema": landmarks.name,
        "preset": preset,
        "parameters": cost.parameters,
        "macs": cost.macs,
        "input": f"(B, 3, {image_size}, {image_size}) uint8 RGB crops",
        "outputs": {
            "maps": _shapes(method, image_size),
            "landmarks": f"(B, {landmarks.size}, 2) float32, crop pixels",
        },
        "options": {
            path: {"value": value, "meaning": meaning, "source": _source(kind, path)}
            for path, value, meaning in _options(config)
        },
    }


def as_text(found: dict[str, Any]) -> str:
    """Format the result of ``describe`` for the screen."""
    outputs = found["outputs"]
    options = found["options"]
    width = max(map(len, options))
    lines = [
        found["paper"],
        "",
        f"{found['parameters'] / 1e6:.2f} M parameters, {found['macs'] / 1e9:.2f} GMAC a face ({found['schema']})",
        f"takes {found['input']}",
        f"gives {outputs['landmarks']}, read from {', '.join(outputs['maps'])}",
        "",
        *(f"{path:<{width}}  {option['value']!s:<12} {option['source']}" for path, option in options.items()),
    ]
    return "\n".join(lines)


def _config(kind: type[Method], given: dict[str, Any]) -> Settings:
    try:
        return kind.Config.model_validate(given)
    except ValidationError as error:
        rules = [
            f"  {'.'.join(map(str, detail['loc'])) or '(together)'}: {detail['msg'].removeprefix('Value error, ')}"
            for detail in error.errors()
        ]
        raise UserError("\n".join(["these settings break rules:", *rules])) from None


def _options(config: Settings, prefix: str = "") -> Iterator[tuple[str, Any, str]]:
    """Dotted path, value and meaning of every setting."""
    for name, field in type(config).model_fields.items():
        value = getattr(config, name)
        if isinstance(value, Settings):
            yield from _options(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value, field.description or ""


def _source(kind: type[Method], path: str) -> str:
    """The entry for the path itself, or for the nearest section above it."""
    while path:
        if path in kind.sources:
            return kind.sources[path]
        path = path.rpartition(".")[0]
    return "ours"


def _shapes(method: Method, image_size: int) -> list[str]:
    """Shapes of the tensors that ``forward`` gives, B for the batch."""
    tensors = torch.utils._pytree.tree_leaves(outputs_on_meta(method, image_size))
    return ["(" + ", ".join(["B", *map(str, tensor.shape[1:])]) + ")" for tensor in tensors if tensor is not None]


def _module_doc(kind: type[Method]) -> str:
    return sys.modules[kind.__module__].__doc__ or ""
