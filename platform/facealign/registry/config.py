"""Under which name models are registered."""

from pydantic import Field

from facealign.config import Settings


class RegistryConfig(Settings):
    """Where the best model goes."""

    name: str | None = Field(
        default=None, pattern=r"^[\w.-]+$", description="of the registered model; null: facealign-<data.source>"
    )
