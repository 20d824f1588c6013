"""What is asked of a served model, by friend and foe."""

import base64
import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from facealign.inference.answer import answer
from facealign.inference.request import BadRequest, RequestLimits

LIMITS = RequestLimits(max_rows=3, max_bytes=20_000, max_pixels=10_000, max_faces=2)
BOX = [40, 10, 70, 40]


def _png(image):
    data = io.BytesIO()
    Image.fromarray(image).save(data, "PNG")
    return data.getvalue()


def _text(data):
    return base64.b64encode(data).decode()


def _bomb(side):
    """A PNG of a few bytes that declares side × side pixels."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.fixture
def picture(spot):
    return _text(_png(spot))


def test_every_form_of_a_picture_gives_the_same_landmarks(aligner, spot, picture):
    forms = [picture, f"data:image/png;base64,{picture}", "\n".join([picture[:40], picture[40:]]), _png(spot)]
    forms += [spot, spot.tolist(), spot[..., 0].tolist()]
    for form in forms:
        (found,) = answer(aligner, [{"image": form, "boxes": [BOX]}], LIMITS)
        np.testing.assert_allclose(found["faces"][0]["landmarks"][0], [52, 23], atol=0.2)
        assert found["faces"][0]["box"] == pytest.approx(BOX)
        assert found["model"]["data_digest"] == "d" * 64


def test_rows_are_answered_in_order_and_no_face_is_an_answer(aligner, picture):
    rows = [{"image": picture, "boxes": []}, {"image": picture, "boxes": [BOX, BOX]}, {"image": picture}]
    assert [len(row["faces"]) for row in answer(aligner, rows, LIMITS)] == [0, 2, 0]
    (missing,) = answer(aligner, [{"image": picture, "boxes": float("nan")}], LIMITS)
    assert missing["faces"] == []


def test_of_many_faces_found_the_largest_are_answered(aligner, spot):
    aligner._find = lambda image: np.array([[40.0, 10, 50, 20], [40, 10, 70, 40], [30, 5, 75, 50]])
    (found,) = answer(aligner, [{"image": spot}], LIMITS)
    assert [face["box"] for face in found["faces"]] == [[30, 5, 75, 50], [40, 10, 70, 40]]


GOOD = _text(_png(np.zeros((70, 90, 3), dtype=np.uint8)))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "has no row"),
        ([{"image": GOOD}] * 4, "has 4 rows, 3 are taken at most"),
        ([{"boxes": [BOX]}], "row 0: has no image"),
        ([{"image": GOOD, "boxes": []}, {"image": None}], "row 1: has no image"),
        ([{"image": GOOD, "<script>": 1}], r"row 0: has a column that is not known \(<script>\)"),
        (
            [{"image": "http://127.0.0.1/face.jpg"}],
            "row 0, image: is not base64 .* addresses and paths are not fetched",
        ),
        ([{"image": "../../etc/passwd"}], "row 0, image: is not base64"),
        ([{"image": "'; DROP TABLE models; --"}], "row 0, image: is not base64"),
        ([{"image": ""}], "row 0, image: is empty"),
        ([{"image": "A" * 40_000}], "row 0, image: more than 20000 bytes"),
        ([{"image": b"\0" * 20_001}], "row 0, image: has 20001 bytes"),
        ([{"image": _text(b"no image")}], "row 0, image: is not an image of a known format"),
        ([{"image": GOOD[: len(GOOD) // 8 * 4]}], "row 0, image: cannot be decoded"),
        ([{"image": _text(_bomb(60_000))}], "row 0, image: declares more than"),
        ([{"image": _text(_bomb(101))}], "row 0, image: declares more than"),
        ([{"image": 7}], r"row 0, image: give base64 .*, not int"),
        ([{"image": [[1, 2], [3]]}], "row 0, image: .*rows of equal length"),
        ([{"image": [[0.5]]}], "row 0, image: .*not float64"),
        ([{"image": [[256]]}], "row 0, image: .*beyond"),
        ([{"image": [[10**30]]}], "row 0, image: .*not object"),
        ([{"image": np.zeros((101, 100), np.uint8)}], "row 0, image: more than 10000 pixels"),
        ([{"image": GOOD, "boxes": "all"}], "row 0, boxes: .*not str"),
        ([{"image": GOOD, "boxes": [BOX] * 3}], "row 0, boxes: 3 boxes, 2 are taken"),
        ([{"image": GOOD, "boxes": [[0, 1, 2]]}], "row 0, boxes: .*shape"),
        ([{"image": GOOD, "boxes": [["x", 0, 1, 2]]}], "row 0, boxes: .*not numbers in fours"),
        (
            [{"image": GOOD, "boxes": []}, {"image": GOOD, "boxes": [[float("nan")] * 4]}],
            "row 1, boxes: .*not finite",
        ),
        ([{"image": GOOD, "boxes": [[0, 0, float("inf"), 9]]}], "row 0, boxes: .*not finite"),
        ([{"image": GOOD, "boxes": [[9, 0, 3, 9]]}], "row 0: box 0: .*degenerate"),
        ([{"image": GOOD, "boxes": [[0, 0, 1e300, 9]]}], "row 0: box 0: .*more than 4 times as wide"),
    ],
)
def test_what_breaks_a_rule_is_named_with_its_row(aligner, rows, said):
    with pytest.raises(BadRequest, match=said):
        answer(aligner, rows, LIMITS)
