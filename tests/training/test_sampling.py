"""A training whose epochs are balanced by pose."""

from pathlib import Path

import pytest

from facealign.data.loader import training_plan
from facealign.data.sampler.sampling import SamplingSettings
from facealign.data.shards.reader import ShardReader
from facealign.training import World
from facealign.training.run import TrainingRun


@pytest.mark.parametrize("balance", ["replicate", "undersample"])
def test_an_epoch_is_as_long_as_its_plan(tiny_job, balance):
    sampling = SamplingSettings(balance=balance, smallest_bin=4)
    train = tiny_job.train.model_copy(update={"sampling": sampling, "batch_size": 4})
    run = TrainingRun(tiny_job.model_copy(update={"train": train}), World(), events=None, resume_from=None)
    plan = training_plan(ShardReader(Path(tiny_job.shards), "train"), sampling)
    local_batches = list(run.local_batches())
    assert len(local_batches) == run.faces.steps == plan.length // 4
    assert plan.length != len(ShardReader(Path(tiny_job.shards), "train"))
