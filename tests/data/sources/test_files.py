import os

import pytest

from facealign.config import UserError
from facealign.data.record import BadSample
from facealign.data.sources.base import Sample
from facealign.data.sources.files import files_by_stem, folders_in, image_and, what_is_in


def test_files_of_one_stem_belong_together(tmp_path):
    for name in ("b.JPG", "b.pts", "a.png", "c.txt", "a.b.pts"):
        (tmp_path / name).touch()
    (tmp_path / "folder.pts").mkdir()
    (tmp_path / "lost.png").symlink_to(tmp_path / "nowhere")
    found = files_by_stem(tmp_path.parent, tmp_path.name, (".jpg", ".png", ".pts"))
    here = tmp_path.name
    assert list(found.items()) == [
        ("a", (f"{here}/a.png",)),
        ("a.b", (f"{here}/a.b.pts",)),
        ("b", (f"{here}/b.JPG", f"{here}/b.pts")),
        ("lost", (f"{here}/lost.png",)),
    ]
    assert list(files_by_stem(tmp_path, "", (".txt",)).values()) == [("c.txt",)]
    assert folders_in(tmp_path) == ["folder.pts"]


def test_names_that_are_no_text_are_refused(tmp_path):
    (tmp_path / "a.png").touch()
    open(os.path.join(os.fsencode(tmp_path), b"caf\xe9.png"), "wb").close()
    open(os.path.join(os.fsencode(tmp_path), b"caf\xe9.txt"), "wb").close()
    with pytest.raises(UserError, match=r"the file name 'caf\\udce9\.png' is not UTF-8; rename the file"):
        files_by_stem(tmp_path, "", (".png",))
    assert files_by_stem(tmp_path, "", (".jpg",)) == {}


@pytest.mark.parametrize(
    ("files", "place", "reason"),
    [
        (("a.jpg",), "a.jpg", "a .pts of the same name belongs beside it; found none"),
        (("a.pts",), "a.pts", "one image of the same name belongs beside it; found none"),
        (
            ("a.jpg", "a.png", "a.pts"),
            "a.pts",
            "one image of the same name belongs beside it; found a.jpg, a.png",
        ),
        (("a.PTS", "a.pts"), "a.PTS", "a .pts of the same name belongs beside it; found a.PTS, a.pts"),
    ],
)
def test_a_picture_and_an_annotation_are_asked_for(files, place, reason):
    with pytest.raises(BadSample) as caught:
        image_and(Sample(id="a", fold="train", subset="s", photo="a", files=files), ".pts")
    assert (caught.value.place, caught.value.reason) == (place, reason)


def test_names_that_hold_control_characters_are_refused(tmp_path):
    (tmp_path / "a\x1b[31m.png").touch()
    (tmp_path / "b\nc").mkdir()
    with pytest.raises(UserError, match=r"'a\\x1b\[31m\.png' holds a control character; rename the file"):
        files_by_stem(tmp_path, "", (".png",))
    with pytest.raises(UserError, match=r"'b\\nc' holds a control character"):
        folders_in(tmp_path)


def test_notes_of_other_systems_and_links_in_circles(tmp_path):
    (tmp_path / "._a.png").touch()
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    assert files_by_stem(tmp_path, "", (".png",)) == {"loop": ("loop.png",)}
    assert folders_in(tmp_path) == []


def test_what_lies_in_a_folder_is_reported_in_a_few_words(tmp_path):
    assert what_is_in(tmp_path) == "nothing"
    for name in ("b\n", "a" * 200, "c", "d", "e", "f"):
        (tmp_path / name).touch()
    assert what_is_in(tmp_path) == f"{'a' * 30}…{'a' * 29}, b\\n, c, d, e …"
    with pytest.raises(UserError, match="nowhere: cannot be listed: No such file"):
        what_is_in(tmp_path / "nowhere")
