"""``python -m facealign``: the `facealign` command, also where no script of that name is installed."""

from facealign.cli.main import main

main()
