"""Whatever is registered leaves as an ONNX file and through torch.compile with the same results."""

import numpy as np
import onnxruntime
import pytest
import torch

from facealign.inference.runtimes import PROGRAM, program_on
from facealign.methods import METHODS
from facealign.registry.onnx import export_onnx
from facealign.registry.publish import Predictor, export_program, frozen
from methods.small import IMAGE_SIZE
from methods.test_contract import N, build, make_batch

pytestmark = pytest.mark.thorough

NAMES = list(METHODS)


@pytest.mark.parametrize("name", NAMES)
def test_onnx_gives_the_same_landmarks(name, tmp_path):
    predictor = Predictor(build(name)).eval()
    path = tmp_path / "model.onnx"
    export_onnx(predictor, IMAGE_SIZE, path)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    assert [(value.name, value.type) for value in session.get_inputs()] == [("images", "tensor(uint8)")]
    for faces in (1, 3):
        images = make_batch(faces).images
        (landmarks,) = session.run(["landmarks"], {"images": images.numpy()})
        assert landmarks.shape == (faces, N, 2)
        np.testing.assert_allclose(landmarks, predictor(images).detach().numpy(), atol=0.01, rtol=0)


@pytest.mark.parametrize("name", NAMES)
def test_a_published_program_leaves_nothing_behind_on_the_cpu(name, tmp_path):
    """PyTorch's device without data stands for a GPU: neither takes tensors from here and there."""
    torch.export.save(export_program(frozen(Predictor(build(name))), IMAGE_SIZE), tmp_path / PROGRAM)
    meta = torch.device("meta")
    landmarks = program_on(tmp_path, meta)(make_batch(3).images.to(meta))
    assert landmarks.device == meta
    assert landmarks.shape == (3, N, 2)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*_prims_common.check:FutureWarning")  # the compiler's own
@pytest.mark.parametrize("name", NAMES)
def test_a_compiled_method_has_the_same_loss(name):
    method, batch = build(name), make_batch()
    plain = method.loss(method(method.inputs(batch)), batch)
    compiled = torch.compile(build(name))
    terms = method.loss(compiled(method.inputs(batch)), batch)
    torch.testing.assert_close(terms.total, plain.total, atol=1e-4, rtol=1e-4)
    terms.total.backward()
