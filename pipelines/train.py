"""Stage `train`: Arrow shards → the best model of one method, and its run in MLflow.

python pipelines/train.py METHOD [--params params.yaml]

SIGINT and SIGTERM leave a checkpoint; the same command goes on from it. As a Ray job:

ray job submit --working-dir . --runtime-env pipelines/runtime_env.yaml -- python pipelines/train.py METHOD
"""

from facealign.workflows.stage import method_stage
from facealign.workflows.train import train_on_cluster

if __name__ == "__main__":
    method_stage(train_on_cluster)
