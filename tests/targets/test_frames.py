import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from facealign.geometry import affine
from facealign.targets import crop_to_map, map_to_crop


@given(st.lists(st.floats(-500, 500), min_size=2, max_size=2), st.sampled_from([1, 2, 4, 8]))
def test_maps_are_the_crop_resized(point, stride):
    there = crop_to_map(torch.tensor(point, dtype=torch.float64), stride)
    np.testing.assert_allclose(there, affine.apply(affine.resize(1 / stride), point), atol=1e-9)
    np.testing.assert_allclose(map_to_crop(there, stride), point, atol=1e-9)
