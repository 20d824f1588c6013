"""Stage `search`: a search file → the params file with the winner's values, `outputs/search/NAME/best.yaml`.

python pipelines/search.py FILE [--continue] [--params params.yaml]

SIGINT and SIGTERM leave checkpoints; the same command with --continue goes on. As a Ray job, best with --continue:

ray job submit --working-dir . --runtime-env pipelines/runtime_env.yaml -- python pipelines/search.py FILE
"""

import argparse
from pathlib import Path

from facealign.workflows.errors import report_user_errors
from facealign.workflows.search import run_search
from facealign.workflows.settings import DEFAULT_PATH


def main() -> None:
    """Read the arguments, and run the search."""
    parser = argparse.ArgumentParser(description=run_search.__doc__)
    parser.add_argument("file", type=Path, help="the search file")
    parser.add_argument("--continue", dest="go_on", action="store_true", help="with the study that is there")
    parser.add_argument("--params", type=Path, default=DEFAULT_PATH, help="settings file (default: %(default)s)")
    arguments = parser.parse_args()
    with report_user_errors():
        run_search(arguments.file, arguments.params, [], go_on=arguments.go_on)


if __name__ == "__main__":
    main()
