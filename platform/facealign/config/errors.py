"""The errors that are the user's to mend."""


class UserError(ValueError):
    """Something outside the program is wrong: a file, a setting, an address.

    The message names what was found and where, the rule it breaks, and the remedy. Commands print it without a
    stack trace and exit with status 2.
    """


class ConfigError(UserError):
    """Settings that break their rules; the message lists every broken one."""
