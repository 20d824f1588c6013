"""params.yaml as one typed object: each section is its component's own settings."""

import copy
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field, create_model, field_validator
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError

from facealign.cluster.config import ClusterConfig
from facealign.cluster.environment import submission
from facealign.config import ConfigError, Settings, UserError, check_settings, read_yaml
from facealign.data.config import DataConfig
from facealign.evaluation.config import EvaluationConfig
from facealign.methods import METHODS
from facealign.registry.config import RegistryConfig
from facealign.storage.store import Place
from facealign.storage.uris import absolute
from facealign.tracking.address import DEFAULT_URI, sqlite_path
from facealign.tracking.config import TrackingSettings
from facealign.training import TrainConfig, TrainJob
from facealign.workflows import workspace

# Single settings changed: ``--set key=value`` on the command line, and values by dotted path.


def assign(tree: dict[str, Any], assignments: Sequence[str]) -> dict[str, Any]:
    """Put ``a.b=value`` into nested mappings, in place and in turn; values are read as YAML.

    Args:
        tree: Nested mappings; missing levels are made.
        assignments: Each a dotted key, ``=`` and a value: ``network.stacks=2``, ``params={alpha: 2.1}``.

    Raises:
        UserError: An assignment is not of that form, or leads through a value that is no mapping.
    """
    for assignment in assignments:
        key, sign, text = assignment.partition("=")
        if not sign or not all(key.strip().split(".")):
            raise UserError(f"--set {assignment}: write key=value, with dots between the levels of the key")
        try:
            value = YAML(typ="safe").load(text)
        except MarkedYAMLError as error:
            raise UserError(f"--set {assignment}: the value is not YAML: {error.problem}") from None
        try:
            put(tree, {key.strip(): value})
        except UserError as error:
            raise UserError(f"--set {assignment}: {error}") from None
    return tree


def put(tree: dict[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Put values by dotted path into nested mappings, in place, a path inside another one after it.

    Args:
        tree: Nested mappings; missing levels are made.
        values: Path → plain value.

    Raises:
        UserError: A path leads through a value that is no mapping.
    """
    for path in sorted(values, key=lambda path: path.count(".")):
        *sections, last = path.split(".")
        branch = tree
        for depth, part in enumerate(sections, start=1):
            branch = branch.setdefault(part, {})
            if not isinstance(branch, dict):
                raise UserError(f"{'.'.join(sections[:depth])} is a value, not a section")
        branch[last] = copy.deepcopy(values[path])  # what is put inside it later is not the caller's
    return tree


DEFAULT_PATH = Path("params.yaml")


def _method_sections() -> type[Settings]:
    """A section for every registered method: ``model``, its own settings, and ``train``, how it is trained."""
    sections: dict[str, Any] = {}
    for name, method in METHODS.items():
        entry = create_model(
            f"{name}_section",
            __base__=Settings,
            model=(method.Config, method.Config()),
            train=(TrainConfig, TrainConfig()),
        )
        sections[name] = (entry, entry())
    return create_model("MethodSections", __base__=Settings, **sections)


if TYPE_CHECKING:
    MethodSections = Settings
else:
    MethodSections = _method_sections()


class Params(Settings):
    """Everything that params.yaml holds."""

    seed: int = Field(default=0, ge=0, description="of weights, sample order and augmentation")
    methods: tuple[str, ...] = Field(default=("awing",), min_length=1, description="each is trained and compared")
    data: DataConfig = DataConfig()
    method: MethodSections = MethodSections()
    cluster: ClusterConfig = ClusterConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    tracking: TrackingSettings = TrackingSettings()
    registry: RegistryConfig = RegistryConfig()

    @field_validator("methods")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            METHODS[name]
        if len(set(names)) < len(names):
            raise ValueError("a method is named twice; name each once")
        return names

    @property
    def registered_name(self) -> str:
        """Names the MLflow experiment and the registered model."""
        return self.registry.name or f"facealign-{self.data.source}"

    def section(self, method: str) -> Any:
        """The settings ``model`` and ``train`` of a method.

        Raises:
            UserError: There is no such method.
        """
        METHODS[method]
        return getattr(self.method, method)

    def job(self, method: str, shards: Place, data_digest: str) -> TrainJob:
        """The training of ``method`` on the shards in a folder."""
        section = self.section(method)
        return TrainJob(
            method=method,
            model=section.model.model_dump(mode="json"),
            train=section.train,
            shards=absolute(shards),
            data_digest=data_digest,
            seed=self.seed,
        )


def load_params(path: Path = DEFAULT_PATH, assignments: Sequence[str] = ()) -> Params:
    """Read and check a params file.

    Args:
        path: The file.
        assignments: ``key=value`` with the file's dotted keys, which go before what the file says.

    Raises:
        ConfigError: Everything that is wrong with it, at once, with lines.
        UserError: An assignment is not of that form.
    """
    return check_settings(assign(read_yaml(path), assignments), path, Params)


# Recipes: the settings in which one setup differs from params.yaml.


def apply_recipe(recipe: Path, params: Path) -> list[str]:
    """Write a recipe's settings into a params file; returns what changed, ``key: before → now``.

    Raises:
        ConfigError: Either file is not YAML, or the result breaks a rule; then the params file stays as it was.
    """
    tree = read_yaml(params)
    changes = list(overlay(tree, read_yaml(recipe)))
    candidate = params.with_name(f".{params.name}.new")
    YAML(typ="rt").dump(tree, candidate)
    try:
        load_params(candidate)
    except ConfigError as error:
        candidate.unlink()
        raise ConfigError(f"{recipe}: does not fit {params}\n{error}") from None
    candidate.replace(params)
    return changes


def overlay(tree: CommentedMap, recipe: CommentedMap, prefix: str = "") -> Iterator[str]:
    """Put a recipe's settings into a tree, in place; what changes, ``key: before → now``, as it is done."""
    for key, value in recipe.items():
        if isinstance(value, CommentedMap) and isinstance(tree.get(key), CommentedMap):
            yield from overlay(tree[key], value, f"{prefix}{key}.")
        elif tree.get(key) != value:
            yield f"{prefix}{key}: {tree.get(key)!s} → {value!s}"
            tree[key] = value


# Settings as a stage uses them: relative addresses at home, and nothing in a place that vanishes.


def resolve_storage(params: Params) -> Params:
    """The settings with ``cluster.storage`` at home.

    Raises:
        UserError: The home is a relative path; or this is a Ray job, and what it makes would vanish with its
            folder. All that is wrong is in one message.
    """
    problems = list(_problems(params))
    if problems:
        raise UserError("\n".join(problems))
    storage = workspace.address(params.cluster.storage)
    return params.model_copy(update={"cluster": params.cluster.model_copy(update={"storage": storage})})


def _problems(params: Params) -> Iterator[str]:
    place = workspace.named()
    if place and not (workspace.is_bucket() or os.path.isabs(place)):
        yield (
            f"{workspace.HOME_VARIABLE} is {place!r}; write an absolute path or a URI, which every node "
            "reads alike"
        )
    if submission() is None:
        return
    if not place:
        yield (
            f"this is a Ray job, whose folder {os.getcwd()} Ray deletes, and {workspace.HOME_VARIABLE} is not "
            "set; let it name a folder or bucket that every node reaches, in env_vars of "
            "pipelines/runtime_env.yaml, or in the environment that `ray start` has"
        )
    uri = os.environ.get("MLFLOW_TRACKING_URI") or params.tracking.uri or DEFAULT_URI
    database = sqlite_path(uri)
    if params.tracking.enabled and database is not None and not database.is_absolute():
        yield (
            f"this is a Ray job, and its runs would go to {uri}, a file in its folder, which Ray deletes; set "
            "MLFLOW_TRACKING_URI or tracking.uri to a server (http://host:5000), or tracking.enabled: false"
        )
