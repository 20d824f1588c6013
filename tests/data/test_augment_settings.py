from pathlib import Path

import pytest
from pydantic import ValidationError

from facealign.config import ConfigError, Settings, load_settings
from facealign.data.augmentation.recipes import RECIPES
from facealign.data.augmentation.settings import AWING, NONE, AugmentSettings


class _File(Settings):
    augment: AugmentSettings = AugmentSettings()


def _read(tmp_path: Path, text: str) -> AugmentSettings:
    path = tmp_path / "params.yaml"
    path.write_text(text)
    return load_settings(path, _File).augment


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_named_by_a_word(tmp_path, name):
    settings = _read(tmp_path, f"augment: {name}\n")
    assert settings == AugmentSettings(recipe=name)
    for key, value in RECIPES[name].items():
        assert getattr(settings, key) == value


def test_single_values_of_a_recipe_can_be_replaced(tmp_path):
    settings = _read(tmp_path, "augment: {recipe: adnet, flip: 0, occlusion_height: [0.2, 0.3]}\n")
    assert (settings.flip, settings.occlusion_height) == (0.0, (0.2, 0.3))
    assert settings.with_changes(flip=0.5, occlusion_height=(0.1, 0.4)) == AugmentSettings(recipe="adnet")


def test_where_nothing_is_said_it_is_awing(tmp_path):
    assert _read(tmp_path, "{}\n") == AWING == AugmentSettings()
    assert _read(tmp_path, "augment: {flip: 0.0}\n") == AWING.with_changes(flip=0.0)


@pytest.mark.parametrize("name", RECIPES)
def test_settings_survive_being_written_and_read(name):
    settings = _File(augment=AugmentSettings(recipe=name, flip=0.25))
    assert _File.model_validate_json(settings.model_dump_json(), strict=True) == settings
    assert _File.model_validate(settings.model_dump(mode="json")) == settings


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("augment: adnte", "augment: unknown augmentation recipe 'adnte'; known are: adnet, anisotropic, awing"),
        ("augment: {recipe: [adnet]}", "augment: unknown augmentation recipe \\['adnet'\\]"),
        ("augment: {recipe: scc, flipp: 1}", "augment.flipp: unknown key"),
        ("augment: {flip: 1.1}", "augment.flip: Input should be less than or equal to 1"),
        ("augment: {flip: '0.5'}", "augment.flip: Input should be a valid number"),
        ("augment: {blur_size: [0.3, 0.1]}", "augment.blur_size: a range is \\[lowest, highest\\]"),
        ("augment: {blur_size: [0.3]}", "augment.blur_size.1: a value is required here"),
        ("augment: 3", "augment: "),
    ],
)
def test_mistakes_are_named_with_their_line(tmp_path, text, message):
    with pytest.raises(ConfigError, match=f"params.yaml:2: {message}"):
        _read(tmp_path, f"# settings\n{text}\n")


@pytest.mark.parametrize("wrong", [{"rotation": -1}, {"shift": 0.6}, {"scale": 1.0}, {"gamma_range": (1.5, 2.0)}])
def test_rules_of_the_settings(wrong):
    with pytest.raises(ValidationError):
        AugmentSettings(**wrong)


def test_only_none_changes_nothing():
    assert [name for name in RECIPES if not AugmentSettings(recipe=name).changes_views] == ["none"]
    assert NONE.with_changes(gray=0.1).changes_views
    assert not NONE.with_changes(annotation_noise=0.5).changes_views
