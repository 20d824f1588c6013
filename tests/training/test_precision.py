import pytest
import torch

from facealign.training.precision import Precision

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("name", "dtype"), [("fp32", None), ("tf32", None), ("bf16", torch.bfloat16), ("fp16", torch.float16)]
)
def test_products_are_of_the_type_that_the_name_says(name, dtype):
    precision = Precision(name, CPU)
    assert (precision.name, precision.dtype) == (name, dtype)
    with precision.autocast():
        product = torch.ones(2, 2) @ torch.ones(2, 2)
    assert product.dtype == (dtype or torch.float32)
    assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32


def test_auto_chooses_by_the_device(monkeypatch):
    for found, name in [({}, "fp32"), ({"avx512_bf16": True}, "bf16"), ({"amx_bf16": True}, "bf16")]:
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda found=found: found)
        assert Precision("auto", CPU).name == name


@pytest.mark.parametrize("name", ["fp32", "bf16"])
def test_only_fp16_scales_the_loss(name):
    assert not Precision(name, CPU).scaler.is_enabled()
    loss = torch.ones(())
    assert Precision(name, CPU).scaler.scale(loss) is loss


def test_fp16_skips_a_step_whose_gradient_overflows():
    """A gradient of 1e38 does not fit the scale of 65536; the weight stays and the scale halves."""
    precision = Precision("fp16", CPU)
    weight = torch.nn.Parameter(torch.ones(1))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    scale = precision.scaler.get_scale()
    for factor, expected in [(1e38, 1.0), (0.5, 0.5)]:
        optimizer.zero_grad()
        precision.scaler.scale((weight * factor).sum()).backward()
        precision.scaler.step(optimizer)
        precision.scaler.update()
        assert weight.item() == expected
    assert precision.scaler.get_scale() == scale / 2


@pytest.fixture
def products():
    """How CUDA multiplies float32; put back afterwards."""
    places = torch.backends.cuda.matmul, torch.backends.cudnn
    before = [place.allow_tf32 for place in places]
    yield lambda: [place.allow_tf32 for place in places]
    for place, is_rounded in zip(places, before, strict=True):
        place.allow_tf32 = is_rounded


def test_only_tf32_lets_float32_products_be_rounded(products):
    before = products()
    precision = Precision("tf32", CPU)
    assert products() == before
    precision.apply()
    assert products() == [True, True]
    Precision("fp32", CPU).apply()
    assert products() == [False, False]


@pytest.mark.parametrize("name", ["fp32", "tf32"])
def test_a_model_can_be_exported_where_it_was_trained(products, name):
    Precision(name, CPU).apply()
    exported = torch.export.export(torch.nn.Conv2d(1, 1, 1), (torch.zeros(2, 1, 4, 4),))
    assert exported.module()(torch.zeros(2, 1, 4, 4)).shape == (2, 1, 4, 4)
