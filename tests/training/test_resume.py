"""A training with everything switched on, cut off and gone on with: bit for bit as if nothing had happened."""

import pytest
import torch
from safetensors.torch import load_file

from facealign.config import UserError
from facealign.training import World, fit, load_model
from training.changed import add_noise, with_train
from training.test_fit import Recorder

pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module", autouse=True)
def _noise():
    with pytest.MonkeyPatch.context() as patch:
        add_noise(patch)
        yield


@pytest.fixture(scope="module", params=["bf16", "fp16"])
def job(tiny_job, request):
    return with_train(
        tiny_job, precision=request.param, ema=0.8, per_device_batch=3, clip_norm=1.0, early_stop=9, log_every=1
    )


@pytest.fixture(scope="module")
def undisturbed(job, tmp_path_factory):
    events = Recorder(tmp_path_factory.mktemp("undisturbed") / "last")
    return events, fit(job, World(), events)


@pytest.mark.parametrize("stop_at", [1, 4, 5, 7])
def test_it_ends_in_the_same_bits(job, undisturbed, tmp_path, stop_at):
    first = Recorder(tmp_path / "stopped", stop_at)
    stopped = fit(job, World(), first)
    assert stopped.epoch * 5 + stopped.step == stop_at
    second = Recorder(tmp_path / "resumed")
    finished = fit(job, World(), second, resume_from=first.folder)
    expected = undisturbed[0].folder
    for name in ("weights.safetensors", "raw.safetensors"):
        assert (second.folder / name).read_bytes() == (expected / name).read_bytes()
    states = [torch.load(folder / "state.pt", weights_only=True) for folder in (second.folder, expected)]
    torch.testing.assert_close(*states, rtol=0, atol=0)
    assert [r.loss for r in finished.history] == pytest.approx([r.loss for r in undisturbed[1].history], rel=1e-12)
    assert [r.validation_nme for r in finished.history] == [r.validation_nme for r in undisturbed[1].history]
    assert [log["train/loss"] for log in second.logs] == [log["train/loss"] for log in undisturbed[0].logs][
        stop_at:
    ]


def test_the_average_is_what_is_measured_and_kept(job, undisturbed):
    """In float32, one face after the other, the model of the checkpoint finds what the validation found."""
    folder = undisturbed[0].folder
    averaged, raw = load_file(folder / "weights.safetensors"), load_file(folder / "raw.safetensors")
    assert averaged.keys() == raw.keys()
    assert any(not torch.equal(averaged[name], raw[name]) for name in raw)
    model = load_model(folder).method
    assert all(torch.equal(tensor, averaged[name]) for name, tensor in model.state_dict().items())
    assert ("train/loss_scale" in undisturbed[0].logs[0]) == (job.train.precision == "fp16")


def test_random_numbers_taken_elsewhere_change_nothing(job, undisturbed, tmp_path):
    class Gambler(Recorder):
        def stop_requested(self):
            torch.rand(3)
            return super().stop_requested()

    events = Gambler(tmp_path / "last")
    fit(job, World(), events)
    assert (events.folder / "raw.safetensors").read_bytes() == (
        undisturbed[0].folder / "raw.safetensors"
    ).read_bytes()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"ema": None}, r"train\.ema: 0\.8 in the checkpoint, null now"),
        ({"per_device_batch": 4}, r"train\.per_device_batch: 3 in the checkpoint, 4 now"),
    ],
)
def test_other_settings_are_refused_with_the_difference(job, undisturbed, tmp_path, settings, message):
    with pytest.raises(UserError, match=message):
        fit(with_train(job, **settings), World(), Recorder(tmp_path), resume_from=undisturbed[0].folder)


def test_other_data_are_refused_with_the_difference(job, undisturbed, tmp_path):
    from facealign.training.checkpoint import load_checkpoint

    other = job.model_copy(update={"data_digest": "0" * 64})
    with pytest.raises(UserError, match=f'data_digest: "{job.data_digest}" in the checkpoint, "0000'):
        load_checkpoint(undisturbed[0].folder, None, other)


def test_what_changes_no_result_may_change(job, undisturbed, tmp_path):
    events = Recorder(tmp_path / "last")
    other = with_train(job, log_every=7, checkpoint_every=3)
    assert other.config_hash == job.config_hash
    assert fit(other, World(), events, resume_from=undisturbed[0].folder).epoch == job.train.epochs


def test_another_pytorch_is_noted(job, undisturbed, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(torch, "__version__", "2.0.0")
    fit(job, World(), Recorder(tmp_path / "last"), resume_from=undisturbed[0].folder)
    assert "and this is 2.0.0: the training goes on, but may round differently" in caplog.text
