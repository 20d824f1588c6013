import math

import numpy as np
import pytest
import torch

from facealign.geometry import Edge, LandmarkSchema, load_schema, schema_names
from facealign.losses.coordinates import CoordinateLossChoice

TOY = LandmarkSchema(
    name="toy",
    size=9,
    flip=tuple(range(9)),
    edges=(
        Edge(name="open", indices=(0, 1, 2, 3)),
        Edge(name="closed", indices=(4, 5, 6, 7), closed=True),
    ),
    corners=(4,),
)


def build(schema=TOY, **params):
    return CoordinateLossChoice(name="anisotropic", params=params).build(schema)


def by_the_book(error, shape, schema, a, b):
    """Eqs. 2 to 6 for one face, landmark by landmark, with NumPy's matrices."""
    total = []
    for i, e in enumerate(error):
        w = np.eye(2)
        curve = next((edge for edge in schema.edges if i in edge.indices), None)
        if curve is not None and i not in schema.corners:
            line, at = curve.indices, curve.indices.index(i)
            if curve.closed:
                t = shape[line[(at + 1) % len(line)]] - shape[line[at - 1]]
            elif at == 0:
                t = shape[line[1]] - shape[line[0]]
            elif at == len(line) - 1:
                t = shape[line[-1]] - shape[line[-2]]
            else:
                t = shape[line[at + 1]] - shape[line[at - 1]]
            t = t / np.linalg.norm(t)
            covariance = a**2 * np.outer(t, t) + b**2 * (np.eye(2) - np.outer(t, t))
            w = np.linalg.inv(covariance)
        total.append(e @ w @ e)
    return total


@pytest.mark.parametrize("name", ["toy", *schema_names()])
@pytest.mark.parametrize(("a", "b"), [(5.0, 3.0), (2.0, 2.0), (1.0, 4.0)])
def test_it_is_the_mahalanobis_distance_of_equations_2_to_6(name, a, b):
    schema = TOY if name == "toy" else load_schema(name)
    generator = np.random.default_rng(1)
    shapes = generator.normal(128, 40, size=(4, schema.size, 2))
    errors = generator.normal(0, 6, size=shapes.shape)
    found = build(schema, a=a, b=b).per_landmark(
        torch.tensor(errors), torch.tensor(shapes), torch.ones(shapes.shape[:2], dtype=torch.bool)
    )
    expected = [by_the_book(e, s, schema, a, b) for e, s in zip(errors, shapes, strict=True)]
    torch.testing.assert_close(found, torch.tensor(np.array(expected)), rtol=1e-10, atol=1e-10)


def test_along_the_curve_across_it_and_at_a_corner():
    shape = torch.tensor([[0.0, 0], [10, 0], [20, 0], [30, 0], [0, 50], [10, 40], [20, 50], [10, 60], [70, 70]])
    along, across = (torch.tensor(e).expand(1, 9, 2) for e in ([15.0, 0.0], [0.0, 15.0]))
    valid = torch.ones(1, 9, dtype=torch.bool)
    losses = [build().per_landmark(e, shape[None], valid)[0] for e in (along, across)]
    assert losses[0][:4].tolist() == pytest.approx([9.0] * 4)
    assert losses[1][:4].tolist() == pytest.approx([25.0] * 4)
    # A corner, and a landmark on no curve: the plain square, 25 times what sliding costs.
    assert losses[0][[4, 8]].tolist() == losses[1][[4, 8]].tolist() == [225.0, 225.0]


def test_equal_spreads_of_one_pixel_are_the_squared_distance():
    errors, shape = 9 * torch.randn(2, 3, 9, 2)
    valid = torch.ones(3, 9, dtype=torch.bool)
    found = build(a=1.0, b=1.0).per_landmark(errors, shape, valid)
    torch.testing.assert_close(found, errors.square().sum(-1))


def test_it_turns_with_the_face():
    errors, shape = 9 * torch.randn(2, 3, 9, 2, dtype=torch.float64)
    valid = torch.ones(3, 9, dtype=torch.bool)
    turn = torch.tensor([[math.cos(1), -math.sin(1)], [math.sin(1), math.cos(1)]], dtype=torch.float64)
    before = build().per_landmark(errors, shape, valid)
    torch.testing.assert_close(build().per_landmark(errors @ turn, shape @ turn + 30, valid), before)


def test_neighbors_that_coincide_or_are_unknown():
    shape = torch.tensor([[0.0, 0], [10, 0], [20, 0], [30, 0], [0, 50], [10, 40], [0, 50], [10, 60], [70, 70]])
    errors = torch.tensor([15.0, 0.0]).expand(1, 9, 2).clone().requires_grad_()
    valid = torch.ones(1, 9, dtype=torch.bool)
    valid[0, [0, 3]] = False
    losses = build().per_landmark(errors, shape[None], valid)
    losses.sum().backward()
    # 1 and 2 look at each other; 5 and 7 lie between two landmarks in one place.
    assert losses[0, [1, 2]].tolist() == pytest.approx([9.0, 9.0])
    assert losses[0, [5, 7]].tolist() == pytest.approx([25.0, 25.0])
    assert errors.grad.isfinite().all()
