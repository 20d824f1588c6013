import torch

from facealign.losses.focal_factor import focal_factor


def test_rare_attributes_weigh_more():
    # One face of four with the first attribute, three with the second, none with the third.
    attributes = torch.tensor([[1, 1, 0], [0, 1, 0], [0, 1, 0], [0, 0, 0]]).bool()
    expected = [(4 + 4 / 3 + 1) / 3, (1 + 4 / 3 + 1) / 3, (1 + 4 / 3 + 1) / 3, 1.0]
    torch.testing.assert_close(focal_factor(attributes), torch.tensor(expected))


def test_without_attributes_and_with_common_ones_nothing_changes():
    assert focal_factor(torch.zeros(3, 0, dtype=torch.bool)).tolist() == [1, 1, 1]
    assert focal_factor(torch.zeros(3, 6, dtype=torch.bool)).tolist() == [1, 1, 1]
    assert focal_factor(torch.ones(3, 6, dtype=torch.bool)).tolist() == [1, 1, 1]
