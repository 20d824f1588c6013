"""Prints user errors as one message on the terminal."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from facealign.config.errors import UserError


@contextmanager
def report_user_errors() -> Iterator[None]:
    """Print a ``UserError`` to standard error and exit with status 2; every other error keeps its trace."""
    try:
        yield
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(128 + signal.SIGINT)
