"""Stage `prepare`: raw faces → Arrow shards.

python pipelines/prepare.py [--params params.yaml]
"""

import sys

from facealign.cluster.prepare import shard_mapper
from facealign.data.preparing.prepare import prepare
from facealign.report.progress import counting
from facealign.workflows import workspace
from facealign.workflows.settings import Params
from facealign.workflows.stage import stage
from facealign.workflows.workspace import PREPARED, SHARDS, write_json


def main(params: Params) -> None:
    """Read the data set that `data` names and write its shards."""
    with shard_mapper(params.cluster) as mapper, counting(f"preparing {params.data.source}", sys.stdout) as count:
        report = prepare(params.data, SHARDS, count, mapper)
    write_json(PREPARED, report.metrics())
    workspace.upload(PREPARED)
    print(report.message())


if __name__ == "__main__":
    stage(main)
