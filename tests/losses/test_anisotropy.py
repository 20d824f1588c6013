import json

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from facealign.config import UserError
from facealign.geometry import load_schema
from facealign.losses.anisotropy import AnisotropySettings, attention_anisotropy, constant_anisotropy
from facealign.losses.edge_normals import Normals

IBUG = load_schema("ibug68")


def constant(schema=IBUG, **settings):
    return constant_anisotropy(AnisotropySettings(**settings), schema)


def test_fixed_is_the_papers_2():
    assert constant().tolist() == [2.0] * 68


def test_contour_is_4_on_the_outline_of_the_face():
    assert constant(strategy="contour").tolist() == [4.0] * 17 + [2.0] * 51
    with pytest.raises(UserError, match="schema cofw29 has no edge named contour"):
        constant(load_schema("cofw29"), strategy="contour")


def test_per_landmark_is_long_by_short_radius(tmp_path):
    ellipses = tuple((1.0 + i, 0.5) for i in range(68))
    expected = [2.0 + 2 * i for i in range(68)]
    assert constant(strategy="per_landmark", ellipses=ellipses).tolist() == expected
    path = tmp_path / "ellipses.yaml"
    path.write_text("ellipses:\n" + "".join(f"  - [{a}, {b}]\n" for a, b in ellipses))
    read = AnisotropySettings.model_validate_json(
        f'{{"strategy": "per_landmark", "ellipses": "{path}"}}', strict=True
    )
    assert constant_anisotropy(read, IBUG).tolist() == expected
    listed = AnisotropySettings.model_validate_json(
        json.dumps({"strategy": "per_landmark", "ellipses": ellipses}), strict=True
    )
    assert listed == read
    # What was read is kept, so a checkpoint needs no file.
    assert AnisotropySettings.model_validate(read.model_dump(mode="json")) == read


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"strategy": "per_landmark"}, "give both or neither"),
        ({"ellipses": [(2.0, 1.0)]}, "give both or neither"),
        ({"strategy": "per_landmark", "ellipses": [(2.0, 0.0)]}, "is not positive"),
        ({"strategy": "per_landmark", "ellipses": "nowhere.yaml"}, "no such file"),
        ({"value": 0.0}, "greater than 0"),
        ({"least": 5.0, "most": 2.0}, "least 5.0 is above most 2.0"),
    ],
)
def test_mistakes_are_named(settings, message):
    with pytest.raises(ValidationError, match=message):
        AnisotropySettings(**settings)


def test_a_file_without_ellipses_or_with_too_few(tmp_path):
    path = tmp_path / "ellipses.yaml"
    path.write_text("radii: []\n")
    with pytest.raises(ValidationError, match="has no key `ellipses`"):
        AnisotropySettings(strategy="per_landmark", ellipses=str(path))
    with pytest.raises(UserError, match="1 ellipses for the 68 landmarks of schema ibug68"):
        constant(strategy="per_landmark", ellipses=[(2.0, 1.0)])


def blob(size, center, along, spread_along, spread_across):
    """A Gaussian of two spreads, unit square, long along the unit vector ``along``."""
    axis = (np.arange(size) + 0.5) * 2 / size - 1
    x, y = np.meshgrid(axis - center[0], axis - center[1])
    t, n = x * along[0] + y * along[1], -x * along[1] + y * along[0]
    return torch.tensor(np.exp(-0.5 * ((t / spread_along) ** 2 + (n / spread_across) ** 2)), dtype=torch.float32)


def adaptive(mask, center, normal, **settings):
    normals = Normals(torch.tensor(normal, dtype=torch.float32).view(1, 1, 2), torch.ones(1, 1, dtype=torch.bool))
    config = AnisotropySettings(strategy="adaptive", **settings)
    return attention_anisotropy(mask[None, None], torch.tensor([[center]]), normals, config).item()


@pytest.mark.parametrize("angle", [0.0, 0.4, 1.9])
def test_adaptive_is_the_squared_ratio_of_the_masks_spreads(angle):
    along = np.cos(angle), np.sin(angle)
    mask = blob(64, (0.1, -0.2), along, 0.12, 0.06)
    across = (-along[1], along[0])
    assert adaptive(mask, (0.1, -0.2), across) == pytest.approx(4.0, rel=0.01)
    assert adaptive(mask, (0.1, -0.2), along) == 1.0
    assert adaptive(blob(64, (0, 0), along, 0.2, 0.02), (0.0, 0.0), across) == 9.0


def test_adaptive_measures_about_the_prediction():
    mask = blob(64, (0.0, 0.0), (1, 0), 0.1, 0.1)
    assert adaptive(mask, (0.1, 0.0), (0, 1)) == pytest.approx((0.1**2 + 0.1**2) / 0.1**2, rel=0.01)


@pytest.mark.parametrize("mask", [torch.zeros(16, 16), torch.eye(16) * 0 + 1e-30])
def test_adaptive_is_finite_on_empty_masks_and_passes_no_gradient(mask):
    mask = mask.clone().requires_grad_()
    normals = Normals(torch.tensor([[[0.0, 1.0]]]), torch.ones(1, 1, dtype=torch.bool))
    strength = attention_anisotropy(
        mask[None, None], torch.zeros(1, 1, 2), normals, AnisotropySettings(strategy="adaptive")
    )
    assert strength.item() == 1.0
    assert not strength.requires_grad
