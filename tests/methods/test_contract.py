"""What the loop, the checkpoints and the served model take for granted of every registered method."""

from dataclasses import replace

import pytest
import torch

from facealign.data.batch import Batch
from facealign.methods import METHODS
from methods.small import IMAGE_SIZE, SMALL, small_method

NAMES = list(METHODS)
N = 68


def make_batch(faces=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 256, (faces, 3, IMAGE_SIZE, IMAGE_SIZE), dtype=torch.uint8, generator=generator)
    points = 8 + 48 * torch.rand(faces, N, 2, generator=generator)
    valid = torch.ones(faces, N, dtype=torch.bool)
    return Batch(
        images=images,
        points=points,
        valid=valid,
        visible=valid,
        to_photo=torch.eye(2, 3, dtype=torch.float64).expand(faces, 2, 3),
        ids=tuple(map(str, range(faces))),
    )


def build(name, **changes):
    torch.manual_seed(0)
    return small_method(name, **changes)


def test_every_method_has_a_small_size():
    assert set(SMALL) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_landmarks_are_finite_float32_crop_pixels(name):
    points = build(name).eval().decode(build(name).eval()(make_batch().images))
    assert points.shape == (3, N, 2)
    assert points.dtype == torch.float32
    assert points.isfinite().all()


@pytest.mark.parametrize("name", NAMES)
def test_loss_is_finite_float32_and_every_parameter_learns(name):
    method, batch = build(name), make_batch()
    terms = method.loss(method(batch.images), batch)
    assert all(term.shape == () and term.dtype == torch.float32 for term in (terms.total, *terms.parts.values()))
    terms.total.backward()
    without = [key for key, parameter in method.named_parameters() if parameter.grad is None]
    assert not without, f"DDP would wait for {without}"
    assert all(parameter.grad.isfinite().all() for parameter in method.parameters())
    assert any(parameter.grad.abs().max() > 0 for parameter in method.parameters())


@pytest.mark.parametrize("name", NAMES)
def test_the_same_batch_gives_the_same_loss_and_gradient(name):
    def once():
        method, batch = build(name), make_batch()
        total = method.loss(method(batch.images), batch).total
        total.backward()
        return [total.detach(), *(parameter.grad for parameter in method.parameters())]

    assert all(torch.equal(a, b) for a, b in zip(once(), once(), strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_images_may_be_uint8_or_float_and_of_either_memory_format(name):
    method, images = build(name).eval(), make_batch().images
    points = method.decode(method(images))
    torch.testing.assert_close(method.decode(method(images.float())), points, atol=0, rtol=0)
    last = method.to(memory_format=torch.channels_last)
    outputs = last(images.contiguous(memory_format=torch.channels_last))
    torch.testing.assert_close(method.decode(outputs), points, atol=1e-2, rtol=0)


@pytest.mark.parametrize("name", NAMES)
def test_a_face_does_not_depend_on_its_batch(name):
    method, images = build(name).eval(), make_batch().images
    together = method.decode(method(images))
    alone = torch.cat([method.decode(method(image[None])) for image in images])
    torch.testing.assert_close(alone, together, atol=1e-2, rtol=0)


@pytest.mark.parametrize("name", NAMES)
def test_invalid_landmarks_teach_nothing(name):
    method, batch = build(name).eval(), make_batch()
    valid = torch.rand(batch.valid.shape, generator=torch.Generator().manual_seed(1)) > 0.3
    batch = replace(batch, valid=valid, points=torch.where(valid[..., None], batch.points, 0.0))
    moved = replace(batch, points=torch.where(valid[..., None], batch.points, 31.0))
    outputs = method(batch.images)
    torch.testing.assert_close(method.loss(outputs, moved).total, method.loss(outputs, batch).total)
    nothing = replace(batch, valid=torch.zeros_like(valid))
    assert method.loss(outputs, nothing).total == 0


@pytest.mark.parametrize("name", NAMES)
def test_landmarks_off_the_crop_are_no_trouble(name):
    method, batch = build(name), make_batch()
    total = method.loss(method(batch.images), replace(batch, points=batch.points * 40 - 900)).total
    total.backward()
    assert total.isfinite()
    assert all(parameter.grad.isfinite().all() for parameter in method.parameters())


@pytest.mark.parametrize("name", NAMES)
def test_bfloat16_autocast_trains(name):
    method, batch = build(name).to(memory_format=torch.channels_last), make_batch()
    exact = method.loss(method(batch.images), batch).total
    with torch.autocast("cpu", torch.bfloat16):
        outputs = method(batch.images)
        terms = method.loss(outputs, batch)
    terms.total.backward()
    assert terms.total.dtype == torch.float32
    torch.testing.assert_close(terms.total, exact, rtol=0.05, atol=0)
    assert all(parameter.grad.isfinite().all() for parameter in method.parameters())
    assert method.decode(outputs).dtype == torch.float32


class Predictor(torch.nn.Module):
    """A method from images to landmarks, as it is served."""

    def __init__(self, method):
        super().__init__()
        self.method = method

    def forward(self, images):
        return self.method.decode(self.method(images))


@pytest.mark.thorough
@pytest.mark.parametrize("name", NAMES)
def test_an_exported_method_gives_the_same_landmarks(name):
    predictor = Predictor(build(name)).eval()
    images = make_batch().images
    batch = torch.export.Dim("batch")
    program = torch.export.export(predictor, (images[:2],), dynamic_shapes=({0: batch},))
    for faces in (1, 3):
        torch.testing.assert_close(program.module()(images[:faces]), predictor(images[:faces]), atol=1e-3, rtol=0)
