"""Stage `prepare`: raw faces → Arrow shards.

python pipelines/prepare.py [--params params.yaml]
"""

import json
import sys

from facealign.cli.params import Params
from facealign.cli.paths import PREPARED, SHARDS
from facealign.cli.stage import stage
from facealign.data.prepare import prepare
from facealign.report.counter import counting


def main(params: Params) -> None:
    """Read the data set that `data` names and write its shards."""
    with counting(f"preparing {params.data.source}", sys.stdout) as count:
        report = prepare(params.data, SHARDS, count)
    PREPARED.write_text(json.dumps(report.figures(), indent=2) + "\n", encoding="utf-8")
    print(report.message())


if __name__ == "__main__":
    stage(main)
