import pytest
import torch

from facealign.training.config import OptimizerConfig, ScheduleConfig
from facealign.training.optimizer import build_optimizer, lr_factor


def test_step_falls_at_its_milestones():
    """AWing, Sec. 7.3: 1e-4, 1e-5 after 80 epochs, 1e-6 after 160."""
    schedule = ScheduleConfig()
    rates = [1e-4 * lr_factor(schedule, epoch, 240) for epoch in (0, 79.99, 80, 159.99, 160, 239)]
    assert rates == pytest.approx([1e-4, 1e-4, 1e-5, 1e-5, 1e-6, 1e-6])


def test_cosine_goes_from_one_to_zero_through_the_half():
    schedule = ScheduleConfig(name="cosine", warmup=2.0)
    assert lr_factor(schedule, 1.0, 12) == 0.5
    assert lr_factor(schedule, 2.0, 12) == 1.0
    assert lr_factor(schedule, 7.0, 12) == pytest.approx(0.5)
    assert lr_factor(schedule, 12.0, 12) == pytest.approx(0.0)


def test_constant_stays():
    assert {lr_factor(ScheduleConfig(name="constant"), epoch, 5) for epoch in (0, 1.5, 5)} == {1.0}


@pytest.mark.parametrize("name", ["rmsprop", "adam", "adamw", "sgd"])
def test_every_step_rule_descends(name):
    weight = torch.nn.Parameter(torch.ones(3))
    optimizer = build_optimizer([weight], OptimizerConfig(name=name, lr=0.01))
    before = float((weight.detach() ** 2).sum())
    for _ in range(5):
        optimizer.zero_grad()
        (weight**2).sum().backward()
        optimizer.step()
    assert float((weight.detach() ** 2).sum()) < before
