import pytest
import torch
from pydantic import ValidationError

from facealign.config import UserError
from facealign.models import StackedHourglass, count_parameters_and_macs

PLAIN = {"boundary": False, "coord_conv": False, "boundary_coords": False}


def build(landmarks, image_size, **options):
    return StackedHourglass(StackedHourglass.Config(**options), landmarks, image_size)


@pytest.mark.parametrize(
    ("options", "landmarks", "parameters_m", "macs_g"),
    [
        ({"stacks": 4}, 98, 24.15, 26.71),
        ({"stacks": 1}, 98, 6.33, 8.73),
        ({"stacks": 4}, 68, 24.10, 26.49),
        (
            {"stacks": 2, **PLAIN},
            68,
            12.11,
            13.92,
        ),  # the same blocks without AWing's additions, as Subpixel has them
    ],
)
def test_paper_size_costs_what_the_authors_network_costs(options, landmarks, parameters_m, macs_g):
    with torch.device("meta"):
        network = build(landmarks, 256, **options)
    cost = count_parameters_and_macs(network, 256)
    assert round(cost.parameters / 1e6, 2) == parameters_m
    assert round(cost.macs / 1e9, 2) == macs_g


@pytest.mark.parametrize(
    "options", [{}, {"boundary_coords": False}, {"boundary": False, "boundary_coords": False}, PLAIN]
)
def test_each_stack_gives_maps_and_every_parameter_learns(options):
    network = build(5, 64, stacks=2, width=16, **options)
    outputs = network(torch.rand(2, 3, 64, 64))
    assert [tuple(maps.shape) for maps in outputs] == [(2, 5 + options.get("boundary", True), 16, 16)] * 2
    sum(maps.square().sum() for maps in outputs).backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


def test_the_second_stack_sees_the_predicted_boundary():
    network = build(3, 64, stacks=2, width=16).eval()
    x = torch.rand(1, 16, 16, 16)
    low, high = torch.zeros(1, 4, 16, 16), torch.zeros(1, 4, 16, 16)
    high[:, -1] = 0.05
    second = network.stacks[1]
    assert not torch.equal(second(x, low)[1], second(x, high)[1])
    high[:, -1], high[:, 0] = 0.0499, 1.0
    torch.testing.assert_close(second(x, low)[1], second(x, high)[1])


def test_checkpoints_hold_no_coordinates():
    small, large = build(3, 64, stacks=1, width=16, depth=2), build(3, 128, stacks=1, width=16, depth=2)
    large.load_state_dict(small.state_dict())


def test_settings_and_sizes_that_cannot_be():
    with pytest.raises(ValidationError, match="boundary_coords needs boundary and coord_conv"):
        StackedHourglass.Config(boundary=False)
    with pytest.raises(UserError, match="130 px is no multiple of 4"):
        build(3, 130, width=16)
