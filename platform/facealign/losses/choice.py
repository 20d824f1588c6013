"""Choice of a component by name, with its parameters, in a settings file."""

from typing import Any, ClassVar, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from facealign.config import Registry, Settings


class Choice(Settings):
    """A component by name, with its parameters; those left out have the component's own defaults.

    Attributes:
        registry: Of the components, each of which has its own ``Config``.
        kind: What a message calls them.
    """

    registry: ClassVar[Registry[Any]]
    kind: ClassVar[str]

    name: str
    params: dict[str, float] = Field(default_factory=dict, description="its parameters, by name")

    @field_validator("name")
    @classmethod
    def _known(cls, name: str) -> str:
        cls.registry[name]
        return name

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        config = self.registry[self.name].Config
        try:
            config.model_validate(self.params)
        except ValidationError as error:
            broken = "; ".join(
                f"{'.'.join(map(str, detail['loc'])) or 'params'}: {detail['msg']} (found {detail['input']!r})"
                for detail in error.errors()
            )
            known = ", ".join(config.model_fields) or "none"
            raise ValueError(f"parameters of {self.kind} {self.name!r}: {broken}; it takes: {known}") from None
        return self

    def config(self) -> Any:
        """The component's own settings."""
        return self.registry[self.name].Config.model_validate(self.params)
