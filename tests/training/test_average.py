"""The moving average of weights: the recurrence of its formula, and the module's own weights untouched."""

import pytest
import torch
from torch import nn

from facealign.config import UserError
from facealign.training.average import WeightAverage

DECAY = 0.9


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).to(memory_format=torch.channels_last)


def steps(module, count=5):
    """Yields after each of some steps that change every parameter and buffer."""
    torch.manual_seed(1)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    for _ in range(count):
        optimizer.zero_grad()
        module(torch.randn(2, 3, 5, 5)).square().mean().backward()
        optimizer.step()
        yield


def fail(module):
    """Move the running statistics, and break off."""
    module(torch.randn(2, 3, 5, 5))
    raise UserError("no faces")


def copy_of(module):
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


@pytest.fixture
def trained():
    """A module after some steps, its average, and the average written out in float64."""
    module = network()
    average = WeightAverage(module, DECAY)
    expected = {name: tensor.double() for name, tensor in copy_of(module).items()}
    for _ in steps(module):
        average.update(module)
        for name, tensor in module.state_dict().items():
            kept = DECAY if tensor.is_floating_point() else 0.0
            expected[name] = kept * expected[name] + (1 - kept) * tensor.double()
    return module, average, expected


def test_it_follows_the_recurrence(trained):
    module, average, expected = trained
    state = average.state_dict()
    assert list(state) == list(module.state_dict())
    for name, tensor in state.items():
        assert tensor.dtype == module.state_dict()[name].dtype
        torch.testing.assert_close(tensor.double(), expected[name], rtol=1e-5, atol=1e-7)
    assert state["1.num_batches_tracked"] == 5
    assert not torch.equal(state["1.running_mean"], module.state_dict()["1.running_mean"])


def test_it_keeps_the_memory_format(trained):
    assert trained[1].state_dict()["0.weight"].is_contiguous(memory_format=torch.channels_last)


def test_the_module_carries_it_within_the_block_only(trained):
    module, average, _ = trained
    own, parameters = copy_of(module), list(module.parameters())
    with average.in_place_of(module):
        assert_equal(module.state_dict(), average.state_dict())
        assert all(a is b for a, b in zip(module.parameters(), parameters, strict=True))
    assert_equal(module.state_dict(), own)


def test_the_module_is_itself_again_when_the_block_fails(trained):
    module, average, _ = trained
    with torch.no_grad():
        module[0].bias[0] = float("nan")
    own, averaged = copy_of(module), {name: tensor.clone() for name, tensor in average.state_dict().items()}
    with pytest.raises(UserError), average.in_place_of(module):
        fail(module)
    assert_equal(module.state_dict(), own)
    assert_equal(average.state_dict(), averaged)


def test_a_saved_average_goes_on_as_it_would_have(trained):
    module, average, _ = trained
    saved = {name: tensor.clone() for name, tensor in average.state_dict().items()}
    resumed = WeightAverage(network(), DECAY)
    resumed.load_state_dict(saved)
    for _ in steps(module, 2):
        average.update(module)
        resumed.update(module)
    assert_equal(resumed.state_dict(), average.state_dict())


def test_the_average_of_another_module_is_refused(trained):
    other = WeightAverage(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(5)), DECAY)
    with pytest.raises(UserError, match=r"of another model: 1\.bias, .*, 1\.weight are missing"):
        other.load_state_dict(trained[1].state_dict())


def assert_equal(found, expected):
    """Bit by bit: a NaN is equal to itself."""
    assert list(found) == list(expected)
    for name, tensor in expected.items():
        assert found[name].dtype == tensor.dtype
        torch.testing.assert_close(found[name], tensor, rtol=0, atol=0, equal_nan=True)
