from torch import nn

from facealign.models import count_parameters_and_macs


def test_cost_of_layers_counted_by_hand():
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1, stride=2), nn.BatchNorm2d(8), nn.Flatten(), nn.Linear(8 * 16, 5)
    )
    cost = count_parameters_and_macs(network, image_size=8)
    assert cost.parameters == (3 * 9 * 8 + 8) + 2 * 8 + (8 * 16 * 5 + 5)
    assert cost.macs == 4 * 4 * 8 * 3 * 9 + 8 * 16 * 5


def test_the_network_is_left_as_it_was():
    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    count_parameters_and_macs(network, image_size=8)
    assert network.training
    assert all(value.equal(before[name]) for name, value in network.state_dict().items())
