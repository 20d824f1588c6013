"""Values put into nested settings by dotted path."""

import pytest

from facealign.config import UserError
from facealign.workflows.settings import assign, put


def test_a_longer_path_has_the_last_word_whatever_the_order():
    for values in ({"a.b": {"c": 1, "d": 2}, "a.b.c": 3}, {"a.b.c": 3, "a.b": {"c": 1, "d": 2}}):
        assert put({"a": {"b": {"e": 5}}}, values) == {"a": {"b": {"c": 3, "d": 2}}}


def test_the_values_stay_as_they_were():
    values = {"a": {"b": 1}, "a.c": 2}
    assert put({}, values) == {"a": {"b": 1, "c": 2}}
    assert values == {"a": {"b": 1}, "a.c": 2}


def test_missing_levels_are_made():
    assert put({}, {"a.b.c": None}) == {"a": {"b": {"c": None}}}


def test_no_path_leads_through_a_value():
    with pytest.raises(UserError, match=r"^a\.b is a value, not a section"):
        put({"a": {"b": 1}}, {"a.b.c": 2})
    with pytest.raises(UserError, match=r"^--set a\.b\.c=2: a\.b is a value, not a section"):
        assign({"a": {"b": 1}}, ["a.b.c=2"])
