"""Stage `prepare`: raw faces → Arrow shards.

    python pipelines/prepare.py [--params params.yaml]
"""

import json

from facealign.cli.stage import stage
from facealign.cli.paths import PREPARED, SHARDS
from facealign.cli.params import Params
from facealign.data import prepare
from facealign.geometry import load_schema
from facealign.report import counter_for


def main(params: Params) -> None:
    """Read the data set that `data` names and write its shards."""
    source = params.data.open_source()
    with counter_for("faces prepared") as counter:
        report = prepare(source, load_schema(params.data.landmarks), params.data, SHARDS, counter)
    PREPARED.write_text(json.dumps(report.figures(), indent=2) + "\n", encoding="utf-8")
    print(report.message())


if __name__ == "__main__":
    stage(main)
