"""params.yaml as one typed object: each section is its component's own settings."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field, create_model, field_validator

from facealign.cli.assignments import assign
from facealign.cluster.config import ClusterConfig
from facealign.config import Settings, check_settings, read_yaml
from facealign.data.config import DataConfig
from facealign.data.shards.store import Place, absolute
from facealign.methods import METHODS
from facealign.registry.config import RegistryConfig
from facealign.report.config import EvaluationConfig
from facealign.tracking.config import TrackingSettings
from facealign.training import TrainConfig, TrainJob

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
