"""Errors that the user can fix."""


class UserError(ValueError):
    """Something outside the program is wrong: a file, a setting, an address.

    The message names what was found and where, the rule it breaks, and the remedy. Commands print it without a
    stack trace and exit with status 2. What it quotes may come from a downloaded file: characters that would act
    on a terminal, and not show, are escaped.
    """

    def __init__(self, message: str) -> None:
        super().__init__("\n".join(map(printable, message.split("\n"))))


class ConfigError(UserError):
    """Settings that break their rules; the message lists every broken one."""


def printable(text: str, most: int | None = None) -> str:
    r"""The text with what cannot be printed escaped: ``\n``, ``\x1b``, ``\udce9``.

    Args:
        text: From anywhere.
        most: Characters to keep; of a longer text the middle is left out.
    """
    if not text.isprintable():
        text = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
    if most is not None and len(text) > most:
        end = (most - 1) // 2
        text = f"{text[: most - 1 - end]}…{text[len(text) - end :]}"
    return text
