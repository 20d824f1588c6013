import pytest
import torch
from safetensors.torch import save_file

from facealign.config import UserError
from facealign.models import count_parameters_and_macs
from facealign.models.backbone import BackboneSettings, imagenet_input
from facealign.models.backbones import build_backbone

# Parameters without the classifier, and the multiply-accumulates that torchvision states, in thousand millions.
PUBLISHED = {
    "resnet18": (11_689_512 - 513_000, 1.81),
    "resnet34": (21_797_672 - 513_000, 3.66),
    "resnet50": (25_557_032 - 2_049_000, 4.09),
    "wide_resnet50_2": (68_883_240 - 2_049_000, 11.40),
    "densenet121": (7_978_856 - 1_025_000, 2.83),
}
SMALL = ("resnet18", "resnet50", "wide_resnet50_2", "densenet121")
LAST = {"densenet121": ("features.denseblock4.denselayer16.conv2.weight", (32, 128, 3, 3))}


def build(name, **options):
    return build_backbone(BackboneSettings(name=name, **options))


@pytest.mark.parametrize("name", PUBLISHED)
def test_size_is_the_published_one(name):
    with torch.device("meta"):
        backbone = build(name)
    cost = count_parameters_and_macs(backbone, 224)
    assert (cost.parameters, round(cost.macs / 1e9, 2)) == PUBLISHED[name]


@pytest.mark.parametrize("name", SMALL)
def test_maps_halve_and_have_the_channels_that_are_said(name):
    backbone = build(name, width=16)
    maps = backbone.features(torch.rand(2, 3, 64, 64))
    assert [tuple(m.shape) for m in maps] == [(2, c, 16 >> i, 16 >> i) for i, c in enumerate(backbone.channels)]
    assert all(m.min() >= 0 for m in maps)
    sum(m.sum() for m in maps).backward()
    assert all(parameter.grad is not None for parameter in backbone.parameters())


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("resnet34", {"conv1.weight": (64, 3, 7, 7), "layer4.0.downsample.0.weight": (512, 256, 1, 1)}),
        ("resnet50", {"layer3.5.conv3.weight": (1024, 256, 1, 1), "layer1.0.downsample.1.running_var": (256,)}),
        ("wide_resnet50_2", {"layer2.0.conv2.weight": (256, 256, 3, 3)}),
        (
            "densenet121",
            {
                "conv0.weight": (64, 3, 7, 7),
                "denseblock4.denselayer16.conv2.weight": (32, 128, 3, 3),
                "transition2.norm.bias": (512,),
                "norm5.running_mean": (1024,),
            },
        ),
    ],
)
def test_names_and_shapes_are_torchvisions(name, keys):
    with torch.device("meta"):
        state = build(name).state_dict()
    assert {key: tuple(state[key].shape) for key in keys} == keys


def as_published(backbone, name):
    """The state as a file of the published weights has it: prefix, classifier, old names."""
    state = {f"{backbone.prefix}{key}": value.clone() for key, value in backbone.state_dict().items()}
    state = {key: value for key, value in state.items() if not key.endswith("num_batches_tracked")}
    if name == "densenet121":
        state = {key.replace("norm1.", "norm.1.").replace("conv2.", "conv.2."): v for key, v in state.items()}
    return {
        **state,
        f"{backbone.classifier}weight": torch.zeros(1000, 8),
        f"{backbone.classifier}bias": torch.zeros(8),
    }


@pytest.mark.parametrize("name", ["resnet18", "densenet121"])
@pytest.mark.parametrize("ending", ["safetensors", "pth"])
def test_published_weights_are_read_when_training_begins(name, ending, tmp_path):
    source = build(name, width=16)
    path = tmp_path / f"weights.{ending}"
    state = as_published(source, name)
    save_file(state, path) if ending == "safetensors" else torch.save(state, path)
    backbone = build(name, width=16, weights=str(path))
    images = torch.rand(1, 3, 64, 64)
    before, expected = backbone.eval()(images)[-1], source.eval()(images)[-1]
    assert not torch.equal(before, expected)
    backbone.load_pretrained()
    assert torch.equal(backbone(images)[-1], expected)


def test_no_file_is_asked_for_before():
    build("resnet18", width=16, weights="nowhere.pth")


def test_weights_that_do_not_fit(tmp_path):
    with pytest.raises(UserError, match=r"nowhere\.pth: no such file of weights"):
        build("resnet18", width=16, weights="nowhere.pth").load_pretrained()

    broken = tmp_path / "broken.pth"
    broken.write_bytes(b"not weights")
    with pytest.raises(UserError, match=r"broken\.pth: does not read as weights"):
        build("resnet18", width=16, weights=str(broken)).load_pretrained()
    torch.save([1], broken)
    with pytest.raises(UserError, match="holds list, not tensors by name"):
        build("resnet18", width=16, weights=str(broken)).load_pretrained()
    broken = broken.rename(tmp_path / "broken.safetensors")
    with pytest.raises(UserError, match=r"broken\.safetensors: does not read as weights"):
        build("resnet18", width=16, weights=str(broken)).load_pretrained()

    other = tmp_path / "other.pth"
    torch.save(build("resnet18", width=24).state_dict(), other)
    with pytest.raises(UserError, match=r"of another shape: bn1\.bias \(24,\) instead of \(16,\).* and \d+ more"):
        build("resnet18", width=16, weights=str(other)).load_pretrained()
    with pytest.raises(UserError, match=r"missing: layer1\.2.*; of another shape"):
        build("resnet34", width=16, weights=str(other)).load_pretrained()
    with pytest.raises(UserError, match=r"missing: conv0\.weight.*; unknown: bn1\.bias"):
        build("densenet121", width=16, weights=str(other)).load_pretrained()


def test_an_evil_pickle_is_not_run(tmp_path):
    class Evil:
        def __reduce__(self):
            return (exec, (f"open({str(tmp_path / 'ran')!r}, 'w')",))

    path = tmp_path / "evil.pth"
    torch.save({"conv1.weight": Evil()}, path)
    with pytest.raises(UserError, match="does not read as weights"):
        build("resnet18", width=16, weights=str(path)).load_pretrained()
    assert not (tmp_path / "ran").exists()


def test_images_are_scaled_as_imagenets():
    images = torch.tensor([124, 116, 104], dtype=torch.uint8).view(1, 3, 1, 1)
    scaled = imagenet_input(images).flatten()
    expected = [(124 / 255 - 0.485) / 0.229, (116 / 255 - 0.456) / 0.224, (104 / 255 - 0.406) / 0.225]
    assert scaled.tolist() == pytest.approx(expected, abs=1e-6)
    torch.testing.assert_close(imagenet_input(images.float()).flatten(), scaled)
