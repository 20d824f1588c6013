"""What a training gives its method before the first step."""

import pytest
import torch
from safetensors.torch import load_file

from facealign.config import UserError
from facealign.data.shards.reader import ShardReader
from facealign.geometry import load_schema
from facealign.methods import METHODS
from facealign.training import World, fit, load_model
from methods.small import SMALL
from training.test_fit import Recorder

NEEDY = [name for name, method in METHODS.items() if method.needs_statistics]


@pytest.mark.parametrize("name", NEEDY)
def test_statistics_of_the_training_faces_and_a_model_that_needs_no_shards(name, tiny_job, tiny_shards, tmp_path):
    train = tiny_job.train.model_copy(update={"epochs": 1})
    events = Recorder(tmp_path / "last")
    fit(tiny_job.model_copy(update={"method": name, "model": SMALL[name], "train": train}), World(), events)
    trained = load_model(events.folder).method
    direct = METHODS[name](trained.config, trained.schema, trained.image_size)
    direct.use_statistics(ShardReader(tiny_shards, "train").statistics())
    state = trained.state_dict()
    for key, buffer in direct.named_buffers():
        if not key.endswith(("running_mean", "running_var", "num_batches_tracked")):
            assert torch.equal(state[key], buffer), key
    assert trained.decode(trained(torch.zeros(1, 3, 64, 64, dtype=torch.uint8))).isfinite().all()


def test_initial_weights_are_read_once_and_a_missing_file_is_named(tiny_job, tmp_path):
    model = {"backbone": {"name": "resnet18", "width": 16, "weights": str(tmp_path / "imagenet.pth")}}
    job = tiny_job.model_copy(update={"method": "anisotropic", "model": model})
    job = job.model_copy(update={"train": job.train.model_copy(update={"epochs": 1})})
    with pytest.raises(UserError, match=r"imagenet\.pth: no such file of weights"):
        fit(job, World(), Recorder(tmp_path / "never"))
    kind = METHODS["anisotropic"]
    source = kind(kind.Config.model_validate(SMALL["anisotropic"]), load_schema("ibug68"), 64)
    weights = source.network.backbone.state_dict()
    weights["conv1.weight"].fill_(0.25)
    torch.save(weights, tmp_path / "imagenet.pth")
    events = Recorder(tmp_path / "last")
    fit(job, World(), events)
    learned = load_file(events.folder / "weights.safetensors")["network.backbone.conv1.weight"]
    assert (learned - 0.25).abs().max() < 0.1
    # The trained model stands without the file it began from.
    (tmp_path / "imagenet.pth").unlink()
    assert load_model(events.folder).method.config.backbone.weights == str(tmp_path / "imagenet.pth")
