"""Commands and options that were renamed: typing the old name reports the new one."""

from typing import Any

from typer.core import TyperGroup

from facealign.config.errors import UserError

RENAMED_COMMANDS: dict[str, str] = {"faces": "data preview", "replay": "sync"}
"""Old command → new command, as typed after ``facealign``."""

RENAMED_OPTIONS: dict[str, str] = {"--sheet": "--grid", "--size laptop": "--preset small", "--size": "--preset"}
"""Old option → new option; ``laptop``, a value of the old ``--size``, is called ``small``."""


class CommandGroup(TyperGroup):
    """A group of commands that answers an old name with the new one."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command that ``args`` begin with.

        Raises:
            UserError: The command, or one of its options, has another name now.
        """
        name, *rest = args
        if name in RENAMED_COMMANDS and self.get_command(ctx, name) is None:
            raise UserError(f"facealign {name}: was renamed; type `facealign {RENAMED_COMMANDS[name]}` instead")
        for old, new in RENAMED_OPTIONS.items():
            if old in rest or f" {old} " in f" {' '.join(rest)} ".replace("=", " "):
                raise UserError(f"{old}: was renamed; write {new} instead")
        return super().resolve_command(ctx, args)
