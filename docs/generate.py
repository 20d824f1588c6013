"""MkDocs hook: write the reference pages that follow from the code, so that they cannot become outdated.

``mkdocs.yml`` names this file under ``hooks``. It adds these pages to every build:

- ``reference/commands.md``: every command of the typer application with its arguments and options;
- ``reference/settings.md``: every key of ``params.yaml``, from the pydantic models;
- ``reference/search-settings.md``: every key of a search file;
- ``changelog.md`` and ``contributing.md``: the files of the repository's root.
"""

import html
import re
import sys
import types
import typing
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
ROOT_PAGES = {"changelog.md": "CHANGELOG.md", "contributing.md": "CONTRIBUTING.md"}
GENERATED = (
    "reference/commands.md",
    "reference/settings.md",
    "reference/search-settings.md",
    *ROOT_PAGES,
)
"""Every page that this hook writes, below ``docs/``."""
if str(REPOSITORY / "platform") not in sys.path:
    sys.path.insert(0, str(REPOSITORY / "platform"))

from pydantic import BaseModel, RootModel  # noqa: E402
from pydantic.fields import FieldInfo  # noqa: E402
from pydantic_core import PydanticUndefined  # noqa: E402

_LARGEST_SEED = 2**63

Row = tuple[str, str, str, str]
"""Key, default, type and meaning of one setting."""


def on_files(files: Any, config: Any) -> Any:
    """Add the generated pages to the site (called by MkDocs)."""
    from mkdocs.structure.files import File

    for path, text in pages().items():
        files.append(File.generated(config, path, content=text))
    return files


def pages() -> dict[str, str]:
    """Return every generated page: its path below ``docs/`` and its Markdown."""
    return {
        "reference/commands.md": commands_page(),
        "reference/settings.md": settings_page(),
        "reference/search-settings.md": search_settings_page(),
        **{page: root_page(name) for page, name in ROOT_PAGES.items()},
    }


def root_page(name: str) -> str:
    """Return a file of the repository's root, with its links rewritten for the site.

    Links to pages below ``docs/`` stay links; links to other files of the repository become their names.
    """
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    links = {file: page for page, file in ROOT_PAGES.items()} | {"README.md": "index.md"}

    def link(match: re.Match[str]) -> str:
        label, target = match.groups()
        path, _, anchor = target.partition("#")
        if "://" in target or target.startswith(("#", "mailto:")):
            return match.group()
        site = path.removeprefix("docs/") if path.startswith("docs/") else links.get(path)
        return f"[{label}]({site}{'#' + anchor if anchor else ''})" if site else label

    return re.sub(r"\[([^\]]+)\]\(([^)\s]+)\)", link, text)


# Commands.


def commands() -> Iterator[tuple[str, Any]]:
    """Yield every visible command as it is typed, and the click command behind it."""
    import typer

    from facealign.cli.main import app

    yield from _walk(typer.main.get_command(app), "facealign")


def _walk(command: Any, typed: str) -> Iterator[tuple[str, Any]]:
    children = getattr(command, "commands", None)
    if children is None:
        yield typed, command
        return
    for name, child in children.items():
        if not getattr(child, "hidden", False):
            yield from _walk(child, f"{typed} {name}")


def commands_page() -> str:
    """Return the page of all commands."""
    lines = [
        "# Commands",
        "",
        "This page is generated from the `facealign` command. The same text is printed by",
        "`facealign COMMAND --help`.",
        "",
        "Exit codes: 0 success; 1 a check failed, or part of the input could not be used; 2 wrong input, with one",
        "message `error: …` on standard error; 130 or 143 stopped by Ctrl-C or SIGTERM.",
        "",
        "| command | what it does |",
        "|---|---|",
    ]
    listed = list(commands())
    for typed, command in listed:
        lines.append(f"| [`{typed}`](#{typed.replace(' ', '-')}) | {_cell(_first_sentence(command.help or ''))} |")
    for typed, command in listed:
        lines += ["", f"## {typed}", "", " ".join((command.help or "").split()), ""]
        params = [
            param for param in command.params if param.name != "help" and not getattr(param, "hidden", False)
        ]
        lines += ["```console", f"$ {_usage(typed, params)}", "```"]
        if params:
            lines += ["", "| argument or option | type | default | meaning |", "|---|---|---|---|"]
        for param in params:
            default = "required" if param.required else _default(param.default)
            meaning = _cell(getattr(param, "help", None) or "")
            lines.append(f"| {_spelled(param)} | {_cell(_param_type(param))} | {default} | {meaning} |")
    return "\n".join([*lines, ""])


def _is_argument(param: Any) -> bool:
    return not param.opts[0].startswith("-")


def _spelled(param: Any) -> str:
    if _is_argument(param):
        return f"`{param.name.upper()}`"
    return ", ".join(f'<code class="nowrap">{option}</code>' for option in [*param.opts, *param.secondary_opts])


def _usage(typed: str, params: list[Any]) -> str:
    parts = [typed]
    for param in params:
        if _is_argument(param):
            word = param.name.upper() + ("…" if param.nargs == -1 else "")
            parts.append(word if param.required else f"[{word}]")
    return " ".join([*parts, *(["[OPTIONS]"] if any(not _is_argument(param) for param in params) else [])])


def _param_type(param: Any) -> str:
    descriptor = getattr(param, "type_descriptor", None)
    if descriptor is not None:
        return _type_name(descriptor.annotation)
    return str(getattr(getattr(param, "type", None), "name", ""))


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=[.!?])\s", " ".join(text.split()), maxsplit=1)[0]


# Settings.


def settings_page() -> str:
    """Return the page of all keys of ``params.yaml``."""
    from facealign.losses import LOSSES
    from facealign.losses.coordinates import COORDINATE_LOSSES
    from facealign.training.config import TrainConfig
    from facealign.workflows.settings import Params

    lines = [
        "# Settings",
        "",
        "This page is generated from the models that check `params.yaml`.",
        "",
        "Keys are dotted paths: `data.crop.size` is the key `size` in the section `crop` of the section `data`.",
        "On the command line, the same path goes into `--set data.crop.size=256`. The defaults below apply where",
        "`params.yaml` has no such key; the file in the repository sets the small preset. `facealign check`",
        "checks a file and reports every mistake with its line.",
        "",
        "Write numbers such as `1.0e-5`, not `1e-5`: YAML 1.1 reads the short form as text.",
    ]
    top = {name: field for name, field in Params.model_fields.items() if _model_of(field) is None}
    lines += [
        "",
        "## General",
        *_rows_as_table(
            (name, _default(_default_of(field)), _kind(field), field.description or "")
            for name, field in top.items()
        ),
    ]
    for name, field in Params.model_fields.items():
        model = _model_of(field)
        if model is None:
            continue
        if name == "method":
            lines += _method_sections(model, TrainConfig)
        else:
            lines += ["", f"## {name}", "", _doc(model), *_rows_as_table(_rows(model, f"{name}."))]
    lines += [
        "",
        "## Parameters of the losses",
        "",
        "They go below `params` of a loss: `loss: {name: wing, params: {omega: 10}}`.",
    ]
    for title, registry in (("Heatmap losses", LOSSES), ("Coordinate losses", COORDINATE_LOSSES)):
        rows = [
            (f"{name}: {key}", default, kind, meaning)
            for name, loss in registry.items()
            for key, default, kind, meaning in _rows(loss.Config, "")
        ]
        lines += [
            "",
            f"### {title}",
            "",
            f"Known names: {', '.join(f'`{name}`' for name in registry)}.",
            *_rows_as_table(rows),
        ]
    return "\n".join([*lines, ""])


def _method_sections(model: type[BaseModel], train: type[BaseModel]) -> list[str]:
    lines = [
        "",
        "## method.NAME.train",
        "",
        "Each method has a section of its own with these keys, for example `method.awing.train.epochs`.",
        *_rows_as_table(_rows(train, "method.NAME.train.")),
    ]
    for name, field in model.model_fields.items():
        section = _model_of(field)
        assert section is not None
        options = _model_of(section.model_fields["model"])
        assert options is not None
        lines += ["", f"## method.{name}.model", "", _doc(options)]
        lines += [*_rows_as_table(_rows(options, f"method.{name}.model."))]
    return lines


def search_settings_page() -> str:
    """Return the page of all keys of a search file."""
    from facealign.search import file, pruners, samplers

    lines = [
        "# Search file settings",
        "",
        "This page is generated from the models that check search files.",
        "[Search files](search-files.md) explains them.",
        *_rows_as_table(_rows(file.SearchFile, "")),
    ]
    for title, module in (("sampler", samplers), ("pruner", pruners)):
        lines += ["", f"## {title}", "", f"Options of `{title}`, by its `name`."]
        rows: list[Row] = []
        for model in vars(module).values():
            is_model = (
                isinstance(model, type) and issubclass(model, BaseModel) and model.__module__ == module.__name__
            )
            if is_model and "name" in model.model_fields:
                name = model.model_fields["name"].default
                options = [row for row in _rows(model, "") if row[0] != "name"]
                rows += [(f"{name}: {row[0]}", *row[1:]) for row in options]
        lines += _rows_as_table(rows)
    return "\n".join([*lines, ""])


def setting_keys() -> set[str]:
    """Return the dotted path of every key of ``params.yaml``, sections included."""
    from facealign.workflows.settings import Params

    return set(_keys(Params, ""))


def _keys(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield f"{prefix}{name}"
        inner = _model_of(field)
        if inner is not None:
            yield from _keys(inner, f"{prefix}{name}.")


def _rows(model: type[BaseModel], prefix: str, given: BaseModel | None = None) -> Iterator[Row]:
    """Yield a row for each key of a model, and of the sections in it.

    Args:
        model: Of the section.
        prefix: Path of the section, with a dot at its end.
        given: The section as the one above it has it by default; its values go before the model's own defaults.
    """
    for name, field in model.model_fields.items():
        inner = _model_of(field)
        value = getattr(given, name) if given is not None else _default_of(field)
        if inner is not None and inner.model_fields:
            yield from _rows(inner, f"{prefix}{name}.", value if isinstance(value, BaseModel) else None)
        elif inner is None:
            yield f"{prefix}{name}", _default(value), _kind(field), field.description or ""


def _default_of(field: FieldInfo) -> Any:
    return PydanticUndefined if field.is_required() else field.get_default(call_default_factory=True)


def _rows_as_table(rows: Any) -> list[str]:
    rows = list(rows)
    if not rows:
        return ["", "No options."]
    lines = ["", "| key | default | meaning |", "|---|---|---|"]
    for key, default, kind, meaning in rows:
        text = _cell(meaning).rstrip(".")
        lines.append(f"| {_key(key)} | {default} | {text + '. ' if text else ''}*{_cell(kind)}* |")
    return lines


def _key(path: str) -> str:
    """Return code that may be broken after each dot and underscore, for small screens."""
    breakable = re.sub("([._])", r"\1<wbr>", html.escape(path, quote=False))
    return f"<code>{breakable}</code>"


def _doc(model: type[BaseModel]) -> str:
    return " ".join((model.__doc__ or "").split("\n\n")[0].split())


def _kind(field: FieldInfo) -> str:
    """Return the type of a field's values, with their bounds."""
    bounds = [_type_name(field.annotation)]
    for rule in field.metadata:
        for name, sign in (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<")):
            value = getattr(rule, name, None)
            if value is not None and value != _LARGEST_SEED:
                bounds.append(f"{sign} {value:g}" if isinstance(value, float) else f"{sign} {value}")
    return ", ".join(bounds)


def _model_of(field: FieldInfo) -> type[BaseModel] | None:
    """Return the section behind a field, if it is one that has keys of its own."""
    kind = field.annotation
    is_section = isinstance(kind, type) and issubclass(kind, BaseModel) and not issubclass(kind, RootModel)
    return kind if is_section else None


def _type_name(kind: Any) -> str:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        return _type_name(arguments[0])
    if origin is typing.Literal:
        return ", ".join(f"`{value}`" for value in arguments)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(dict.fromkeys(_type_name(argument) for argument in arguments))
    if origin in (tuple, list):
        inner = [argument for argument in arguments if argument is not Ellipsis]
        if origin is tuple and len(inner) > 1 and Ellipsis not in arguments:
            return "[" + ", ".join(_type_name(argument) for argument in inner) + "]"
        return f"list of {_type_name(inner[0])}" if inner else "list"
    if origin is dict:
        return "mapping"
    if kind is type(None):
        return "null"
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return "section"
    if isinstance(kind, type) and issubclass(kind, Enum):
        return ", ".join(f"`{member.value}`" for member in kind)
    names = {str: "text", int: "integer", float: "number", bool: "true, false", Path: "path"}
    return names.get(kind, getattr(kind, "__name__", "any"))


def _default(value: Any) -> str:
    if value is PydanticUndefined:
        return "required"
    if value is None:
        return "`null`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, BaseModel):
        return _default(value.model_dump(mode="json"))
    if isinstance(value, dict):
        return _key("{" + ", ".join(f"{key}: {_plain(item)}" for key, item in value.items()) + "}")
    if isinstance(value, tuple | list):
        return _key("[" + ", ".join(_plain(item) for item in value) + "]")
    return _key(str(value)) if isinstance(value, str) else f"`{value}`"


def _plain(value: Any) -> str:
    return html.unescape(re.sub(r"</?code>|<wbr>|`", "", _default(value)))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
