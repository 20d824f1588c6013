"""The base of every component's settings."""

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """Frozen, typed settings of one component; unknown keys are refused.

    Each component declares its own subclass beside its code, with units in the field descriptions.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, protected_namespaces=())
