import pickle

import pytest

from facealign.config import ConfigError, UserError, printable
from facealign.data.record import BadSample


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Zoë × 😀", "Zoë × 😀"),
        ("a\x1b[31m\r\n\0", r"a\x1b[31m\r\n\x00"),
        (b"caf\xe9".decode("utf-8", "surrogateescape"), r"caf\udce9"),
        ("\N{RIGHT-TO-LEFT OVERRIDE}gnp", r"\u202egnp"),
    ],
)
def test_what_would_act_on_a_terminal_is_escaped(text, shown):
    assert printable(text) == shown


@pytest.mark.parametrize("most", range(1, 12))
def test_of_long_text_both_ends_are_kept(most):
    shown = printable("abcdefghij", most)
    assert len(shown) == min(most, 10)
    start, _, end = shown.partition("…")
    assert "abcdefghij".startswith(start)
    assert "abcdefghij".endswith(end)
    assert 0 <= len(start) - len(end) <= 1 or most >= 10


def test_lines_of_a_message_stay_lines():
    assert str(ConfigError("two\nlines\x1b[1m")) == "two\nlines\\x1b[1m"


def test_a_bad_sample_is_one_line_of_bounded_length_and_travels_between_processes():
    bad = BadSample("a\n.pts:4", "x" * 1000 + "; fix it")
    assert (bad.place, len(bad.reason)) == (r"a\n.pts:4", 240)
    assert bad.reason.endswith("; fix it")
    again = pickle.loads(pickle.dumps(bad))
    assert isinstance(again, BadSample)
    assert isinstance(again, UserError)
    assert (again.place, again.reason, str(again)) == (bad.place, bad.reason, f"{bad.place}: {bad.reason}")
