"""Landmarks of every photo of a folder or bucket, by Ray Data, as Parquet files.

python pipelines/predict.py SOURCE OUT --model models:/NAME@champion [--runtime onnx] [--params params.yaml]

`cluster.workers` processes with a model each; as a Ray job:

ray job submit --working-dir . --runtime-env pipelines/runtime_env.yaml -- python pipelines/predict.py SOURCE OUT …
"""

import argparse
from pathlib import Path
from typing import get_args

from facealign.cluster.predict import PredictJob, predict_photos
from facealign.inference.runtimes import Runtime
from facealign.tracking import tracking_uri
from facealign.workflows.errors import report_user_errors
from facealign.workflows.settings import DEFAULT_PATH, load_params, resolve_storage


def main() -> None:
    """Read the arguments, predict the landmarks, and print a summary."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", help="folder of photos, or its URI")
    parser.add_argument("out", help="folder for Parquet files, or its URI; empty")
    parser.add_argument("--model", required=True, help="models:/NAME@champion, or a model folder")
    parser.add_argument("--runtime", choices=get_args(Runtime), default="torch")
    parser.add_argument("--params", type=Path, default=DEFAULT_PATH, help="settings file (default: %(default)s)")
    arguments = parser.parse_args()
    with report_user_errors():
        params = resolve_storage(load_params(arguments.params))
        job = PredictJob(
            source=arguments.source,
            out=arguments.out,
            model=arguments.model,
            runtime=arguments.runtime,
            tracking_uri=tracking_uri(params.tracking),
        )
        counted = predict_photos(job, params.cluster)
    print(
        f"{counted.faces} faces on {counted.photos} photos in {job.out}; {counted.without} photos without a face, "
        f"{counted.failed} that could not be used (column `problem`)"
    )


if __name__ == "__main__":
    main()
