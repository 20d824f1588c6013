from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field

from facealign.config import ConfigError, Settings, load_settings
from facealign.config.load import plain_number


class Part(Settings):
    rate: float = Field(default=0.1, gt=0)
    sizes: tuple[int, ...] = (1, 2)


class Round(Settings):
    shape: Literal["round"] = "round"
    radius: float = 1.0


class Square(Settings):
    shape: Literal["square"] = "square"
    side: float = 1.0


class Whole(Settings):
    name: str
    part: Part = Part()
    parts: dict[str, Part] = Field(default_factory=dict)
    form: Annotated[Round | Square, Field(discriminator="shape")] = Round()


def write(folder: Path, text: str) -> Path:
    path = folder / "settings.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_values_arrive_typed_and_frozen(tmp_path):
    settings = load_settings(write(tmp_path, "name: a\npart:\n  rate: 1e-5\n  sizes: [3, 4]\n"), Whole)
    assert settings == Whole(name="a", part=Part(rate=1e-5, sizes=(3, 4)))
    with pytest.raises(ValueError, match="frozen"):
        settings.name = "b"


def test_a_whole_number_is_a_float_where_a_float_is_asked_for(tmp_path):
    assert load_settings(write(tmp_path, "name: a\npart: {rate: 2}\n"), Whole).part.rate == 2.0


def test_every_error_is_reported_at_once_with_its_line(tmp_path):
    path = write(tmp_path, "nam: a\npart:\n  rate: -1\n  sizes: [3, four]\n  color: red\n")
    with pytest.raises(ConfigError) as caught:
        load_settings(path, Whole)
    message = str(caught.value)
    assert "5 errors" in message
    assert f"{path}:1: nam: unknown key" in message
    assert "name: a value is required here" in message
    assert f"{path}:3: part.rate: Input should be greater than 0 (found -1)" in message
    assert f"{path}:4: part.sizes.1: " in message
    assert "(found 'four')" in message
    assert f"{path}:5: part.color: unknown key" in message


@pytest.mark.parametrize("value", ["'12'", "yes please", "[1]", "null"])
def test_a_wrong_type_is_never_converted(tmp_path, value):
    with pytest.raises(ConfigError, match=r"settings\.yaml:2: part\.rate"):
        load_settings(write(tmp_path, f"name: a\npart: {{rate: {value}}}\n"), Whole)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a\n- b\n", "the top of a settings file is a mapping"),
        ("", "the top of a settings file is a mapping"),
        ("name: [a\n", "not YAML"),
        ("name: a\nname: b\n", "not YAML"),
    ],
)
def test_what_is_not_a_mapping_is_refused(tmp_path, text, message):
    with pytest.raises(ConfigError, match=message):
        load_settings(write(tmp_path, text), Whole)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"absent\.yaml: no such file"):
        load_settings(tmp_path / "absent.yaml", Whole)


def test_bytes_that_are_not_text_are_refused(tmp_path):
    path = tmp_path / "settings.yaml"
    path.write_bytes(b"name: \xff\xfe\n")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_settings(path, Whole)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nam: a", "nam: unknown key; did you mean name?"),
        ("part: {rates: 1}", "part.rates: unknown key; did you mean rate?"),
        ("parts: {left: {size: [1]}}", "parts.left.size: unknown key; did you mean sizes?"),
        ("form: {shape: square, sid: 2}", "sid: unknown key; did you mean side?"),
        ("part: {color: red}", "part.color: unknown key; remove it or correct its spelling"),
        ("form: {shape: oval}", "form: unknown name 'oval'; known are: 'round', 'square'"),
        ("part: {rate: '1e-5'}", "(found '1e-5'); write 1.0e-5, without quotes"),
        ("part: {sizes: [1, '2']}", "(found '2'); write 2, without quotes"),
    ],
)
def test_a_slip_is_reported_with_its_remedy(tmp_path, text, message):
    with pytest.raises(ConfigError) as caught:
        load_settings(write(tmp_path, f"{text}\n"), Whole)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1e-5", "1.0e-5"),
        ("-2E3", "-2.0E3"),
        ("1.5e3", "1.5e3"),
        ("7", "7"),
        ("0.5", "0.5"),
        ("1e", None),
        ("a", None),
    ],
)
def test_numbers_as_every_yaml_reads_them(text, number):
    assert plain_number(text) == number
