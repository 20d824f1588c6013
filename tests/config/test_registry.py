import pytest

from facealign.config import Registry, UserError, digest_json


def test_an_unknown_name_lists_the_known_ones():
    things: Registry[int] = Registry("thing", "facealign.config")
    things.register("b")(2)
    things.register("a")(1)
    assert list(things) == ["a", "b"]
    with pytest.raises(UserError, match=r"unknown thing 'c'; known are: a, b"):
        things["c"]


def test_a_name_is_given_once():
    things: Registry[int] = Registry("thing", "facealign.config")
    things.register("a")(1)
    with pytest.raises(ValueError, match="'a' is registered twice"):
        things.register("a")(2)


def test_a_digest_knows_content_and_not_order():
    assert digest_json({"a": 1, "b": [2]}) == digest_json({"b": [2], "a": 1})
    assert digest_json({"a": 1}) != digest_json({"a": 2})
