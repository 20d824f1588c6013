"""On what a model runs."""

import numpy as np
import pytest
import torch

from facealign.config import UserError
from facealign.inference.onnx_session import _gpu
from facealign.inference.runtimes import PROGRAM, open_run
from facealign.registry.onnx import export_onnx
from facealign.registry.publish import export_program, frozen

CPU, GPU = ["CPUExecutionProvider"], ["CUDAExecutionProvider", "CPUExecutionProvider"]
CROPS = np.arange(2 * 3 * 8 * 8, dtype=np.uint8).reshape(2, 3, 8, 8)


class Mean(torch.nn.Module):
    """Three landmarks, moved by a constant that is made within."""

    def forward(self, images):
        return images.float().mean((2, 3))[..., None] + torch.arange(2, device=images.device)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("published")
    torch.export.save(export_program(frozen(Mean()), 8), folder / PROGRAM)
    export_onnx(Mean(), 8, folder / "model.onnx")
    return folder


@pytest.mark.thorough
@pytest.mark.parametrize("runtime", ["torch", "onnx"])
@pytest.mark.parametrize("device", [None, "cpu"])
def test_what_it_runs_on_changes_nothing(folder, runtime, device):
    expected = CROPS.mean((2, 3))[..., None] + [0, 1]
    np.testing.assert_allclose(open_run(folder, runtime, device)(CROPS), expected, rtol=1e-6)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("device", [None, "cuda", "cuda:0"])
def test_it_runs_on_a_gpu(folder, device):
    np.testing.assert_allclose(open_run(folder, "torch", device)(CROPS), open_run(folder, "torch", "cpu")(CROPS))


@pytest.mark.thorough
@pytest.mark.parametrize("device", ["warp", "cuda:99"])
@pytest.mark.parametrize("runtime", ["torch", "compiled", "onnx"])
def test_a_device_that_is_not_there_is_named(folder, runtime, device):
    with pytest.raises(UserError, match=f"device '{device}': "):
        open_run(folder, runtime, device)


@pytest.mark.parametrize(
    ("device", "providers", "gpu"),
    [(None, CPU, None), (None, GPU, 0), ("cpu", GPU, None), ("cuda", GPU, 0), ("cuda:3", GPU, 3)],
)
def test_the_gpu_that_onnx_runtime_uses(device, providers, gpu):
    assert _gpu(device, providers) == gpu


@pytest.mark.parametrize(
    ("device", "advice"), [("cuda", "pip install onnxruntime-gpu"), ("mps", "cpu, cuda"), ("cuda:x", "cpu, cuda")]
)
def test_onnx_runtime_says_what_it_lacks(device, advice):
    with pytest.raises(UserError, match=advice):
        _gpu(device, CPU)
