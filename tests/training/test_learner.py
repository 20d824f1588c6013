"""One network that learns: gradients in chunks, compiled networks."""

from functools import partial

import pytest
import torch

from facealign.training import World, fit
from facealign.training.run import TrainingRun
from training.changed import with_train
from training.test_fit import Recorder, assert_same_weights


def gradients(job, slices):
    """Of the first batch, in chunks; with batch normalization as in evaluation, which knows of no pieces."""
    run = TrainingRun(job, World(), None, None)
    run.learner.method.eval()
    share = next(run.local_batches())
    for rows in slices:
        run.learner.backward(share.part(rows), len(rows) / len(share), is_last=False)
    return {name: parameter.grad for name, parameter in run.learner.method.named_parameters()}


def test_the_gradients_of_pieces_add_up_to_the_batchs(tiny_job):
    whole = gradients(tiny_job, [range(8)])
    parts = gradients(tiny_job, [range(3), range(3, 5), range(5, 8)])
    for name, expected in whole.items():
        assert (parts[name] - expected).norm() <= 1e-4 * expected.norm(), name


@pytest.mark.thorough
def test_a_compiled_network_learns_the_same_under_the_same_names(tiny_job, tmp_path, monkeypatch):
    """Traced, but run by PyTorch's own kernels: a compiler would take minutes."""
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager"))
    plain, compiled = Recorder(tmp_path / "plain"), Recorder(tmp_path / "compiled")
    for events, on in ((plain, False), (compiled, True)):
        fit(with_train(tiny_job, epochs=1, compile=on), World(), events)
    assert_same_weights(plain.folder, compiled.folder)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("precision", ["fp32", "tf32", "bf16", "fp16"])
def test_it_learns_on_a_gpu(tiny_job, tmp_path, precision):
    events = Recorder(tmp_path / "last")
    job = with_train(tiny_job, precision=precision, ema=0.8, per_device_batch=3, clip_norm=1.0)
    progress = fit(job, World(device=torch.device("cuda")), events)
    assert progress.history[-1].loss < progress.history[0].loss
    assert events.logs[0]["train/gpu_memory_gb"] > 0
