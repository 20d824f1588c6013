import numpy as np
import pytest

from facealign.data.record import BadSample
from facealign.data.sources.pts import count_points, read_pts
from facealign.geometry import LandmarkSchema

SCHEMA = LandmarkSchema(name="three", size=3, flip=(0, 1, 2))
GOOD = "version: 1\nn_points: 3\n{\n1.5 2\n-3.25 4e1\n5 6\n}\n"
POINTS = [[1.5, 2], [-3.25, 40], [5, 6]]


def _read(tmp_path, text):
    path = tmp_path / "1.pts"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_pts(path, "afw/1.pts", SCHEMA)


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        GOOD.replace("\n", "\r\n"),
        GOOD.replace(" 2", "\t 2  "),
        GOOD.replace("n_points: 3", "n_points:  3"),
        GOOD + "\n\n",
        "1.5 2\n-3.25 40\n5 6\n",
        "1.5 2\n\n-3.25 40\n5 6",
        GOOD.replace("n_points: 3", "N_POINTS:3").replace("version: 1", "Version:1.0"),
        GOOD.replace("n_points: 3", "n_points :\t3"),
        "\ufeff" + GOOD,
        GOOD.replace("\n", "\r"),
    ],
    ids=[
        *("plain", "crlf", "tabs", "spaces", "blank end", "no header", "blank line"),
        *("upper case", "space before colon", "byte order mark", "cr"),
    ],
)
def test_every_form_in_the_wild_is_read(tmp_path, text):
    np.testing.assert_array_equal(_read(tmp_path, text), POINTS)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("5 6\n", "", "afw/1.pts: holds 2 points, three has 3"),
        ("5 6\n", "5 6\n7 8\n", "afw/1.pts: holds 4 points, three has 3"),
        ("n_points: 3", "n_points: 68", "afw/1.pts:2: holds 68 points, three has 3"),
        ("n_points: 3", "n_points: 3.0", "afw/1.pts:2: n_points is '3.0', which is not a whole number"),
        ("5 6", "5 1_0", "afw/1.pts:6: found '5 1_0' where"),
        ("5 6", "5 1.#IND", "afw/1.pts:6: found '5 1.#IND' where"),
        ("5 6", "5 6\0", "afw/1.pts:6: found '5 6\\x00' where"),
        ("n_points: 3", "n_points: many", "afw/1.pts:2: n_points is 'many'"),
        ("5 6", "5 nan", "afw/1.pts:6: found '5 nan': a coordinate must be finite"),
        ("5 6", "inf 6", "afw/1.pts:6: found 'inf 6': a coordinate must be finite"),
        ("5 6", "5,6", "afw/1.pts:6: found '5,6' where a landmark's `x y` belongs"),
        ("5 6", "5 6 7", "afw/1.pts:6: found '5 6 7' where"),
        ("5 6", "left eye", "afw/1.pts:6: found 'left eye' where"),
        ("5 6\n}\n", "5 6", "afw/1.pts: the closing brace is missing: the file ends early"),
        ("}\n", "}\n7 8\n", "afw/1.pts:8: found '7 8' after the closing brace"),
        (GOOD, "", "afw/1.pts: holds 0 points"),
    ],
)
def test_broken_files_say_what_and_where(tmp_path, old, new, message):
    with pytest.raises(BadSample) as caught:
        _read(tmp_path, GOOD.replace(old, new, 1))
    assert str(caught.value).startswith(message)


def test_a_picture_is_not_text(tmp_path):
    with pytest.raises(BadSample, match="byte 0 is not ASCII"):
        _read(tmp_path, b"\xff\xd8\xff\xe0")


def test_huge_and_missing_files_are_refused(tmp_path):
    with pytest.raises(BadSample, match="has more than 1048576 bytes"):
        _read(tmp_path, "1 2\n" * 300_000)
    with pytest.raises(BadSample, match=r"afw/2.pts: cannot be read: No such file"):
        read_pts(tmp_path / "2.pts", "afw/2.pts", SCHEMA)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (GOOD, 3),
        (GOOD.replace("5 6\n", ""), 3),
        (GOOD.replace("n_points: 3\n", ""), 3),
        ("1 2\n3 4\n", 2),
        (GOOD.replace("n_points: 3", "n_points: many"), None),
        ("", 0),
        (b"\xff", None),
    ],
)
def test_the_stated_number_of_points_is_found_without_a_look_at_them(tmp_path, text, count):
    path = tmp_path / "1.pts"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert count_points(path, "1.pts") == count
