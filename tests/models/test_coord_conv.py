import torch

from facealign.models import CoordConv
from facealign.models.coord_conv import coordinate_channels


def test_coordinates_span_the_map():
    x, y, radius = coordinate_channels(5)[0]
    assert x[0].tolist() == [-1.0, -0.5, 0.0, 0.5, 1.0]
    torch.testing.assert_close(y, x.T)
    assert radius.max() == 1.0
    assert radius[2, 2] == 0.0
    torch.testing.assert_close(radius[2, 4], torch.tensor(0.5).sqrt())


def test_it_is_a_convolution_of_the_input_with_coordinates_beside_it():
    layer = CoordConv(2, 4, 6, boundary=True)
    features, boundary = torch.rand(3, 2, 6, 6), torch.rand(3, 1, 6, 6) / 10
    coordinates = coordinate_channels(6)
    on_line = torch.where(boundary >= 0.05, coordinates[:, :2], 0.0)
    everything = torch.cat([features, coordinates.expand(3, -1, -1, -1), on_line], dim=1)
    torch.testing.assert_close(layer(features, boundary), layer.conv(everything))


def test_stride_halves_the_map():
    assert CoordConv(3, 4, 16, kernel_size=7, stride=2)(torch.rand(1, 3, 16, 16)).shape == (1, 4, 8, 8)
