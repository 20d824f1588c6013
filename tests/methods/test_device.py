"""A step stays on its device: it makes nothing on the CPU, and waits for no number of the device's.

PyTorch's device without data stands for a GPU. Operations of tensors here and there are refused by both, and what
would make the CPU wait for a GPU (``item``, ``nonzero``, a mask as an index) is refused by this one.
"""

from dataclasses import replace

import pytest
import torch

from methods.small import small_method
from methods.test_contract import N, make_batch
from methods.test_parts_of_a_batch import OPTIONS

META = torch.device("meta")
OTHERS = [
    ("adnet", {"attention": "none"}),
    ("awing", {"loss": {"name": "wing"}, "decoding": {"rule": "soft_argmax"}, "log_mse": True}),
    ("awing", {"heatmaps": {"form": "continuous"}, "decoding": {"rule": "local_soft_argmax"}}),
    ("subpixel", {"heatmaps": {"form": "patch"}, "decoding": {"rule": "argmax"}, "correction": "static"}),
    ("scc", {"loss": {"name": "l1"}}),
    ("anisotropic", {"loss": {"name": "l2"}}),
]


@pytest.mark.parametrize(("name", "changes"), OPTIONS + OTHERS, ids=str)
def test_nothing_of_a_step_is_made_elsewhere(name, changes):
    method, batch = small_method(name, **changes).to(META), make_batch()
    if method.views == 2:
        batch = replace(batch, pair=make_batch(seed=1))
    batch = batch.to(META)
    outputs = method(method.inputs(batch))
    terms = method.loss(outputs, batch)
    terms.total.backward()
    landmarks = method.eval().decode(method(batch.images))
    assert landmarks.shape == (3, N, 2)
    told = [terms.total, *terms.parts.values(), landmarks, *method.maps(batch.images).values()]
    told += [*method.true_maps(batch).values(), *(parameter.grad for parameter in method.parameters())]
    assert {tensor.device for tensor in told} == {META}
