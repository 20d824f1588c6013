"""One step of every method in every precision: finite, and as near to the float32 step as it can be.

Untrained networks with batch norm amplify whatever is rounded: with weights rounded to bfloat16 and all else in
float32, the gradients of some already turn by half a right angle. That is the measure here.
"""

from dataclasses import replace

import pytest
import torch

from facealign.methods import METHODS
from facealign.training.precision import Precision
from methods.small import small_method
from methods.test_contract import make_batch

HALVINGS = 16
"""Of the loss's scale of 2¹⁶, until no gradient overflows: down to 1 at most."""


def step(name, precision_name, weights=torch.float32):
    """Loss, gradient (P,) and new weights (P,) of the first step whose gradient does not overflow.

    The step starts at weights that are rounded to the type ``weights``.
    """
    torch.manual_seed(0)
    method, batch = small_method(name).to(memory_format=torch.channels_last), make_batch(6)
    for parameter in method.parameters():
        parameter.data.copy_(parameter.to(weights))
    if method.views == 2:
        batch = replace(batch, pair=make_batch(6, seed=1))
    precision = Precision(precision_name, torch.device("cpu"))
    optimizer = torch.optim.SGD(method.parameters(), lr=1e-6)
    for _ in range(HALVINGS + 1):
        scale = precision.scaler.get_scale()
        with precision.autocast():
            loss = method.loss(method(method.inputs(batch)), batch).total
        optimizer.zero_grad()
        precision.scaler.scale(loss).backward()
        precision.scaler.unscale_(optimizer)
        gradient = torch.cat([parameter.grad.flatten() for parameter in method.parameters()])
        precision.scaler.step(optimizer)
        precision.scaler.update()
        if precision.scaler.get_scale() == scale:
            break
    after = torch.cat([parameter.detach().flatten() for parameter in method.parameters()])
    return loss.detach(), gradient, after


def angle(one, other):
    """Between two vectors, radians."""
    return torch.cosine_similarity(one.double(), other.double(), dim=0).clamp(-1, 1).arccos()


@pytest.fixture(scope="module", params=list(METHODS))
def exact(request):
    return request.param, *step(request.param, "fp32")[:2]


@pytest.mark.thorough
@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_a_step_is_finite_and_near_the_float32_one(exact, precision):
    name, exact_loss, exact_gradient = exact
    loss, gradient, after = step(name, precision)
    assert loss.dtype == gradient.dtype == torch.float32
    assert gradient.isfinite().all()
    assert after.isfinite().all()
    torch.testing.assert_close(loss, exact_loss, rtol=2e-3, atol=0)
    _, rounded, _ = step(name, "fp32", weights=Precision(precision, torch.device("cpu")).dtype)
    assert angle(gradient, exact_gradient) <= 4 * angle(rounded, exact_gradient)
    assert angle(gradient, exact_gradient) < torch.pi / 3


@pytest.mark.thorough
def test_on_a_cpu_tf32_is_fp32(exact):
    name, loss, gradient = exact
    found_loss, found_gradient, _ = step(name, "tf32")
    assert torch.equal(found_loss, loss)
    assert torch.equal(found_gradient, gradient)
