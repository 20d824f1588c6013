"""However a batch is cut up, among processes or pieces, its loss is the mean of its samples' losses."""

from dataclasses import replace

import pytest
import torch
from torch.utils import _pytree as pytree

from facealign.methods import METHODS
from methods.small import IMAGE_SIZE, small_method
from methods.test_contract import N, make_batch

FACES = 6
PIECES = torch.arange(FACES).split([1, 2, 3])

OPTIONS = [
    *((name, {}) for name in METHODS),
    ("adnet", {"landmark_loss": {"anisotropy": {"strategy": "adaptive"}}}),
    ("anisotropic", {"directions": "mean_shape"}),
    ("subpixel", {"siamese": {"weight": 0}, "decoding": {"rule": "argmax"}, "correction": "dynamic"}),
    ("subpixel", {"siamese": {"weight": 0}, "objective": "coordinates"}),
]
"""Every method, and options whose losses differ in more than a formula."""


def partly_known(seed):
    """Six faces; of the first, next to nothing is known, and of the others between all and half."""
    generator = torch.Generator().manual_seed(seed)
    shares = torch.tensor([0.05, 1.0, 0.9, 0.8, 0.7, 0.5])
    valid = torch.rand(FACES, N, generator=generator) < shares[:, None]
    to_photo = torch.eye(2, 3, dtype=torch.float64).repeat(FACES, 1, 1)
    to_photo[:, :, 2] = IMAGE_SIZE / 3 * torch.rand(FACES, 2, generator=generator)
    batch = make_batch(FACES, seed)
    points = torch.where(valid[..., None], batch.points, 0.0)
    return replace(batch, points=points, valid=valid, visible=valid, to_photo=to_photo)


def part_of(batch, rows):
    pair = None if batch.pair is None else part_of(batch.pair, rows)
    tensors = {name: getattr(batch, name)[rows] for name in ("images", "points", "valid", "visible", "to_photo")}
    return replace(batch, **tensors, ids=tuple(batch.ids[row] for row in rows), pair=pair)


@pytest.mark.parametrize(("name", "changes"), OPTIONS, ids=str)
def test_the_loss_and_its_gradient_are_the_mean_over_samples(name, changes):
    torch.manual_seed(0)
    method, batch = small_method(name, **changes), partly_known(seed=1)
    if method.views == 2:
        batch = replace(batch, pair=partly_known(seed=2))
    leaves, tree = pytree.tree_flatten(method(method.inputs(batch)))
    leaves = [None if leaf is None else leaf.detach().requires_grad_() for leaf in leaves]
    tensors = [leaf for leaf in leaves if leaf is not None]

    def loss(rows):
        # The outputs of second views follow those of all first ones.
        at = torch.cat([rows + view * FACES for view in range(method.views)])
        outputs = pytree.tree_unflatten([None if leaf is None else leaf[at] for leaf in leaves], tree)
        return method.loss(outputs, part_of(batch, rows)).total

    def gradients(total):
        return torch.autograd.grad(total, tensors, allow_unused=True, materialize_grads=True)

    whole = loss(torch.arange(FACES))
    parts = torch.stack([len(rows) / FACES * loss(rows) for rows in PIECES]).sum()
    torch.testing.assert_close(parts, whole, rtol=1e-5, atol=0)
    found, expected = gradients(parts), gradients(whole)
    assert any(gradient.any() for gradient in expected)
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6 * float(b.abs().max()))
