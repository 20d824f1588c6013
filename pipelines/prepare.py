"""Stage `prepare`: raw faces → Arrow shards.

python pipelines/prepare.py [--params params.yaml]
"""

import sys

from facealign.cli import home
from facealign.cli.json_file import write_json
from facealign.cli.params import Params
from facealign.cli.paths import PREPARED, SHARDS
from facealign.cli.stage import stage
from facealign.cluster.prepare import shard_mapper
from facealign.data.preparing.prepare import prepare
from facealign.report.counter import counting


def main(params: Params) -> None:
    """Read the data set that `data` names and write its shards."""
    with shard_mapper(params.cluster) as mapper, counting(f"preparing {params.data.source}", sys.stdout) as count:
        report = prepare(params.data, SHARDS, count, mapper)
    write_json(PREPARED, report.figures())
    home.deliver(PREPARED)
    print(report.message())


if __name__ == "__main__":
    stage(main)
