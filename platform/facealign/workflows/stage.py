"""Helpers of the pipeline's scripts: arguments, and errors as messages."""

import argparse
from collections.abc import Callable
from pathlib import Path

from facealign.workflows.errors import report_user_errors
from facealign.workflows.settings import DEFAULT_PATH, Params, load_params, resolve_storage


def stage(main: Callable[[Params], None]) -> None:
    """Run a stage that works on everything."""
    arguments = _parser(main).parse_args()
    with report_user_errors():
        main(resolve_storage(load_params(arguments.params)))


def method_stage(main: Callable[[Params, str], None]) -> None:
    """Run a stage that works on one method, named on the command line."""
    parser = _parser(main)
    parser.add_argument("method", help="name of a method, as in params.yaml")
    arguments = parser.parse_args()
    with report_user_errors():
        params = resolve_storage(load_params(arguments.params))
        params.section(arguments.method)
        main(params, arguments.method)


def _parser(main: Callable[..., None]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--params", type=Path, default=DEFAULT_PATH, help="settings file (default: %(default)s)")
    return parser
