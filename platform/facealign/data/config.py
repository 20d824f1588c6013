"""Settings of the data: which source, how it is cut, how it is stored.

Free of torch, OpenCV and Arrow, so that a command line can read settings quickly.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field, create_model, model_validator

from facealign.config import Settings
from facealign.data.shards.settings import ShardSettings
from facealign.data.sources.base import SOURCES, Source
from facealign.geometry import CropSettings, load_schema


class DataSettings(Settings):
    """Settings of prepared data; ``DataConfig`` adds a section of options for each source, under its name."""

    source: str = Field(default="synthetic", description="name of the data set")
    root: str | None = Field(default=None, description="folder that the data set was unpacked into")
    landmarks: str = Field(
        default="ibug68",
        description="landmark schema, one that the source gives; for sources that take any, also a YAML file",
    )
    seed: int = Field(default=0, ge=0, lt=2**63, description="of the validation cut, and of synthetic faces")
    validation: float = Field(default=0.1, gt=0, lt=1, description="fraction of the training photos held out")
    max_quarantined: float = Field(
        default=0.01, ge=0, le=1, description="fraction of unusable samples above which preparing fails"
    )
    crop: CropSettings = CropSettings()
    shards: ShardSettings = ShardSettings()

    @model_validator(mode="after")
    def _check(self) -> "DataSettings":
        if self.source not in SOURCES:
            raise ValueError(f"source {self.source!r} is unknown; known are: {', '.join(SOURCES)}")
        kind = SOURCES[self.source]
        if kind.schemas is None:
            load_schema(self.landmarks)
        elif self.landmarks not in kind.schemas:
            raise ValueError(
                f"source {self.source!r} has no landmarks {self.landmarks!r}; it gives: {', '.join(kind.schemas)}"
            )
        if kind.needs_root and self.root is None:
            raise ValueError(f"source {self.source!r} needs `root`: the folder that it was unpacked into")
        return self

    @property
    def options(self) -> Any:
        """The options of the chosen source."""
        return getattr(self, self.source)

    def open_source(self) -> Source:
        """The chosen source; its folder is looked at when it lists its samples."""
        root = None if self.root is None else Path(self.root)
        return SOURCES[self.source](root, self.landmarks, self.options, self.seed)


if TYPE_CHECKING:
    DataConfig = DataSettings
else:
    DataConfig = create_model(
        "DataConfig",
        __base__=DataSettings,
        __module__=__name__,
        __doc__="Settings of the data, with a section of options for each source.",
        **{name: (kind.Config, kind.Config()) for name, kind in SOURCES.items()},
    )
