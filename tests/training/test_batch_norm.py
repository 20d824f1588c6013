"""Synchronized batch norm: several processes find what one finds of the whole batch."""

import pytest
import torch
from torch import nn

from facealign.config import UserError
from facealign.training.batch_norm import GlobalBatchNorm, synchronize
from facealign.training.world import World
from training.shared_batch import KINDS, SAMPLES, network, train, work

TOLERANCE = {"float64": 1e-11, "float32": 1e-5, "channels_last": 1e-5, "bfloat16": 0.05}
"""Largest difference, as a share of the tensor's largest value; of 0.1 where that is less."""


@pytest.fixture(scope="module", params=[(1, 5), (4, 0, 2)], ids=str)
def processes(request, tmp_path_factory):
    """What each process found of its share, and how the batch was shared."""
    folder = tmp_path_factory.mktemp("processes")
    torch.multiprocessing.spawn(work, (request.param, folder), nprocs=len(request.param))
    return [torch.load(folder / f"{rank}.pt") for rank in range(len(request.param))]


@pytest.mark.thorough
@pytest.mark.parametrize("kind", KINDS)
def test_processes_find_what_one_finds_of_the_whole_batch(processes, kind):
    alone = train(network(kind), kind, slice(0, SAMPLES), World())
    parts = [found[kind] for found in processes]
    for name in ("outputs", "inputs"):
        assert_near(torch.cat([part[name] for part in parts], dim=1), alone[name], kind)
    for part in parts:
        for name in ("parameters", "state"):
            assert part[name].keys() == alone[name].keys()
            for key, expected in alone[name].items():
                assert_near(part[name][key], expected, kind)


def assert_near(found, expected, kind):
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    largest = expected.abs().max().clamp_min(0.1)
    assert ((found - expected).abs().max() / largest) <= TOLERANCE[kind]


def test_a_world_of_one_keeps_torchs_layers():
    layers = network("float32")
    kinds = [type(layer) for layer in layers]
    assert [type(layer) for layer in synchronize(layers, World())] == kinds


def test_synchronized_layers_keep_parameters_buffers_and_names():
    layers = network("float32")
    before = layers.state_dict()
    assert synchronize(layers, World(size=2)) is layers
    assert sum(isinstance(layer, GlobalBatchNorm) for layer in layers) == 4
    after = layers.state_dict()
    assert list(after) == list(before)
    assert all(after[name].data_ptr() == before[name].data_ptr() for name in before)


def test_in_evaluation_nothing_is_exchanged():
    images = torch.randn(2, 3, 9, 9)
    layers = network("float32")[:10].eval()
    expected = layers(images)
    torch.testing.assert_close(synchronize(layers, World(size=2))(images), expected, rtol=0, atol=0)


def test_a_layer_alone_is_replaced():
    layer = synchronize(nn.BatchNorm2d(3).eval(), World(size=2))
    assert isinstance(layer, GlobalBatchNorm)
    assert not layer.training


@pytest.fixture
def group_of_one(tmp_path):
    """This process, talking to itself."""
    torch.distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/alone", rank=0, world_size=1)
    yield
    torch.distributed.destroy_process_group()


@pytest.mark.usefixtures("group_of_one")
def test_one_value_has_no_variance():
    with pytest.raises(UserError, match="raise batch_size"):
        GlobalBatchNorm(3)(torch.zeros(1, 3))


@pytest.mark.thorough
@pytest.mark.usefixtures("group_of_one")
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")  # the compiler's own
def test_a_compiled_network_takes_the_same_step():
    def gradients(compiled):
        torch.manual_seed(0)
        layers = synchronize(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU()), World(size=2))
        run = torch.compile(layers, backend="eager") if compiled else layers
        run(torch.randn(2, 3, 9, 9)).square().sum().backward()
        return [*(parameter.grad for parameter in layers.parameters()), *layers.buffers()]

    for found, expected in zip(gradients(True), gradients(False), strict=True):
        torch.testing.assert_close(found, expected)
